package passwdhttp

import (
	"net/http"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/internal/jsonstrict"
	"github.com/passwd-go/passwd/pwpolicy"
)

// signUpFields are what signup/check takes besides the password: what a form for a new
// account asks for that a password must not resemble. Those of personal data have the
// names that package locale has words for.
var signUpFields = []string{
	"username", "email", "mobile",
	"name", "first_name", "last_name", "nickname", "birthdate", "organization", "address",
}

// signUpRoutes are those for the host's own form of a new account.
func (a *api) signUpRoutes() map[string]endpoint.Methods {
	const json = "application/json"
	return map[string]endpoint.Methods{
		"signup/check":  {"POST": endpoint.Post(a.face, decodeSignUp, a.checkSignUp, endpoint.JSON[report](http.StatusOK, json))},
		"signup/policy": {"GET": endpoint.Get(a.face, a.signUpPolicy, endpoint.JSON[policy](http.StatusOK, json))},
	}
}

// signUpInput is a form for a new account, as far as it has been filled in.
type signUpInput struct {
	password string
	account  passwd.Account
}

func decodeSignUp(b endpoint.Body) (in signUpInput, err error) {
	fields := []jsonstrict.Field{jsonstrict.String("password", &in.password)}
	typed := make([]*string, len(signUpFields))
	for i, name := range signUpFields {
		fields = append(fields, jsonstrict.OptionalString(name, &typed[i]))
	}
	if err := jsonstrict.Decode(b.Data, fields...); err != nil {
		return in, err
	}
	for i, v := range typed {
		if v == nil || *v == "" {
			continue
		}
		switch name := signUpFields[i]; name {
		case "username":
			in.account.Username = *v
		case "email":
			in.account.Email = *v
		case "mobile":
			in.account.Mobile = *v
		default:
			in.account.Personal = append(in.account.Personal, pwpolicy.Attribute{Name: name, Value: *v})
		}
	}
	return in, nil
}

// checkSignUp judges a password for an account that does not exist yet. It reads no
// account, and so tells nothing about any.
func (a *api) checkSignUp(w http.ResponseWriter, r *http.Request, in signUpInput) (report, error) {
	in.account.Ref.Tenant = a.tenant(r)
	return a.report(w, r, passwd.Check{Password: in.password, SignUp: &in.account, Client: a.face.Client(r)})
}

func (a *api) signUpPolicy(w http.ResponseWriter, r *http.Request) (policy, error) {
	requirements, err := a.service(r).FirstRequirements(r.Context(), passwd.Account{Ref: passwd.Ref{Tenant: a.tenant(r)}})
	if err != nil {
		return policy{}, err
	}
	return a.worded(w, r, requirements), nil
}

// pointer is where problems of the host's own requests say that a new password is.
func (c Config) pointer() string {
	if c.PasswordField == "" {
		return newPassword
	}
	return "#/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(c.PasswordField)
}

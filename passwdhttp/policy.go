package passwdhttp

import (
	"net/http"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/internal/jsonstrict"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/pwpolicy"
)

type policy struct {
	Requirements  rules  `json:"requirements"`
	PasswordRules string `json:"passwordrules"`
}

// policy describes the policy of the signed-in user, otherwise that of the
// tenant.
func (a *api) policy(w http.ResponseWriter, r *http.Request) (policy, error) {
	account := passwd.Ref{Tenant: a.tenant(r)}
	switch p, _, err := a.signedIn(r); {
	case err == nil:
		account = p.Account
	case passwd.CodeOf(err) != passwd.CodeUnauthenticated:
		return policy{}, err
	}
	return a.described(w, r, account)
}

// policyInput is one token, and what it is for.
type policyInput struct {
	purpose passwd.Purpose
	token   passwd.Token
}

func decodePolicy(b endpoint.Body) (in policyInput, err error) {
	var token, ticket, invitation *string
	err = jsonstrict.Decode(b.Data,
		jsonstrict.OptionalString("token", &token),
		jsonstrict.OptionalString("ticket", &ticket),
		jsonstrict.OptionalString("invitation", &invitation))
	if err == nil {
		err = given{{"token", token}, {"ticket", ticket}, {"invitation", invitation}}.atMostOne()
	}
	if err != nil {
		return in, err
	}
	for p, t := range map[passwd.Purpose]*string{
		passwd.PurposeReset: token, passwd.PurposeTicket: ticket, passwd.PurposeInvitation: invitation,
	} {
		if t != nil {
			return policyInput{p, passwd.Token(*t)}, nil
		}
	}
	return in, jsonstrict.FieldErrors{{Field: "token", Fault: jsonstrict.Missing}} // or one of the others
}

// policyOf describes the policy of the account of a token. It spends nothing.
func (a *api) policyOf(w http.ResponseWriter, r *http.Request, in policyInput) (policy, error) {
	account, err := a.service(r).TokenAccount(r.Context(), in.purpose, in.token, a.face.Client(r))
	if err != nil {
		return policy{}, err
	}
	return a.described(w, r, account.Ref)
}

func (a *api) described(w http.ResponseWriter, r *http.Request, account passwd.Ref) (policy, error) {
	requirements, err := a.service(r).Requirements(r.Context(), passwd.Account{Ref: account})
	if err != nil {
		return policy{}, err
	}
	return a.worded(w, r, requirements), nil
}

// worded puts requirements into words.
func (a *api) worded(w http.ResponseWriter, r *http.Request, requirements []pwpolicy.Requirement) policy {
	words, all := a.printer(w, r), rules{}
	for _, q := range requirements {
		all = append(all, rule{q.Code, params(q.Params), words.Requirement(q)})
	}
	return policy{Requirements: all, PasswordRules: locale.PasswordRules(requirements)}
}

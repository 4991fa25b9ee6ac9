package wire

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/internal/jsonstrict"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/pwpolicy"
)

// Profile is the format of a signed-in change, of forgot and of submit, whose
// replies are envelopes. Its routes are, with or without a slash at the end,
//
//	POST user/profile/change-password/   old_password, new_password, confirm_password
//	POST user/forgot-password/           email, or a username
//	POST user/forgot-password-submit/    user, token, new_password
//
// as multipart/form-data, url-encoded or JSON, with the header apikey; change also
// has Authorization: Bearer. A change keeps the token that made it and ends all
// others; a reset ends all.
//
// Contract: the routes, fields, headers, the envelope of a success, and the
// statuses, fields and English sentences of errors. Our choice: that an error has
// the same envelope, {"status_code":N,"errors":{"<field>":["…"]},"data":{}}; that
// what is not about a field of the body is under "detail"; that all sentences about
// a password come at once; the replies to malformed and refused requests; that an
// empty field is a missing one; and that without RevealAccounts forgot answers 200
// to every address.
type Profile struct {
	Config

	// Base is the path below which the routes are, "<api prefix>/<version>". If "",
	// they begin at the root, as behind http.StripPrefix.
	Base string
	// Tenant is whose accounts requests are about. A bearer of another tenant's
	// account is refused.
	Tenant string
	// Clients knows the API keys. Required.
	Clients Clients
	// Authenticate tells who the access token of a request belongs to: [Bearer]
	// where package session made it, or a function of the host's. Nobody is the
	// zero Principal or passwd.ErrUnauthenticated. The epoch is compared here.
	// Required.
	Authenticate func(*http.Request) (Principal, error)
	// Renew stamps an access token of the host's own with the new epoch, so that it
	// outlives the change it made. With the sessions of package session it is not
	// needed: the write itself does it. Its error is an event (after_write.failed).
	Renew func(*http.Request, passwd.Written) error

	// RevealAccounts makes forgot tell, as documented, that no account or more than
	// one has the address: anyone can then find out who has an account. If false,
	// the answer is the same for all; a shared address is told about it by mail.
	RevealAccounts bool
	// Localize makes texts follow Accept-Language. If false they are the documented
	// ones: clients compare them.
	Localize bool
}

// Handler returns the handler of the format.
func (c Profile) Handler() (http.Handler, error) {
	if err := c.validate("Profile", c.Base); err != nil {
		return nil, err
	}
	if c.Clients == nil || c.Authenticate == nil {
		return nil, errors.New("wire: Profile.Clients and Profile.Authenticate are required")
	}
	c.Service = c.Service.InTenant(c.Tenant) // links of another tenant open nothing here
	p := &profile{Profile: c}
	p.face = c.face([]string{typeMultipart, typeForm, typeJSON}, nil, p.fail)
	done := endpoint.JSON[envelope](http.StatusOK, typeJSON)
	change := endpoint.Methods{"POST": endpoint.Post(p.face, decodeProfileChange, p.change, done)}
	forgot := endpoint.Methods{"POST": endpoint.Post(p.face, decodeProfileForgot, p.forgot, done)}
	submit := endpoint.Methods{"POST": endpoint.Post(p.face, decodeProfileSubmit, p.submit, done)}
	return p.face.Routes(below(c.Base), map[string]endpoint.Methods{
		"user/profile/change-password": change, "user/profile/change-password/": change,
		"user/forgot-password": forgot, "user/forgot-password/": forgot,
		"user/forgot-password-submit": submit, "user/forgot-password-submit/": submit,
	}), nil
}

type profile struct {
	Profile
	face *endpoint.Face
}

// envelope is every reply.
type envelope struct {
	StatusCode int                 `json:"status_code"`
	Errors     map[string][]string `json:"errors"`
	Data       struct{}            `json:"data"`
}

var profileDone = envelope{StatusCode: http.StatusOK, Errors: map[string][]string{}}

type profileChange struct{ current, next, confirm string }

func decodeProfileChange(b endpoint.Body) (in profileChange, err error) {
	err = decode(b, []text{{"old_password", &in.current}, {"new_password", &in.next}, {"confirm_password", &in.confirm}})
	return in, err
}

func (p *profile) change(_ http.ResponseWriter, r *http.Request, in profileChange) (envelope, error) {
	from := p.face.Client(r)
	if err := p.apiKey(r, from); err != nil {
		return envelope{}, err
	}
	who, err := p.signedIn(r)
	if err != nil {
		return envelope{}, err
	}
	if in.next != in.confirm {
		return envelope{}, errProfileConfirm
	}
	written, err := p.Service.Change(r.Context(), passwd.Change{
		Account: who.Account, Current: in.current, New: in.next, KeepSession: who.Session, Client: from,
	})
	if err != nil || p.Renew == nil {
		return profileDone, err
	}
	if err := p.Renew(r, written); err != nil {
		endpoint.RenewFailed(p.Service, r, written, from, err)
	}
	return profileDone, nil
}

// apiKey asks for the application before anything about an account.
func (p *profile) apiKey(r *http.Request, from passwd.Client) error {
	sent := r.Header.Values("apikey")
	if len(sent) != 1 {
		return errProfileAPIKey
	}
	return p.application(r.Context(), from, p.Clients.APIKey(r.Context(), sent[0]), errProfileAPIKey)
}

// signedIn returns the account that may change its password, also if it must.
func (p *profile) signedIn(r *http.Request) (Principal, error) {
	who, err := p.Authenticate(r)
	switch {
	case err != nil:
		return who, p.asked(r.Context(), "authenticate", err)
	case who.Account.ID == "", who.Account.Tenant != p.Tenant:
		return who, passwd.ErrUnauthenticated
	case who.checked:
		return who, nil
	}
	must, err := p.Service.Live(r.Context(), who.Account, who.Epoch)
	if err == nil && must == passwd.Compromised {
		err = passwd.ErrEnded
	}
	return who, err
}

func decodeProfileForgot(b endpoint.Body) (in passwd.Login, err error) {
	err = decode(b, []text{{"email", &in.Value}})
	return in, err
}

func (p *profile) forgot(_ http.ResponseWriter, r *http.Request, in passwd.Login) (envelope, error) {
	from := p.face.Client(r)
	if err := p.apiKey(r, from); err != nil {
		return envelope{}, err
	}
	in.Tenant, in.Kind = p.Tenant, passwd.Username
	if strings.Contains(in.Value, "@") {
		in.Kind = passwd.Email
	}
	if p.RevealAccounts {
		n, err := p.Service.RevealMatches(r.Context(), in, from)
		switch {
		case err != nil:
			return envelope{}, err
		case n == 0:
			return envelope{}, errProfileUnknown
		case n > 1:
			return envelope{}, errProfileShared
		}
	}
	return profileDone, p.Service.RequestReset(r.Context(), passwd.RequestReset{
		Login: in, Channel: passwd.EmailChannel, UserKey: true, TellShared: true, SharedText: profileShared, Client: from,
	})
}

type profileSubmit struct{ user, token, next string }

func decodeProfileSubmit(b endpoint.Body) (in profileSubmit, err error) {
	err = decode(b, []text{{"user", &in.user}, {"token", &in.token}, {"new_password", &in.next}})
	return in, err
}

func (p *profile) submit(_ http.ResponseWriter, r *http.Request, in profileSubmit) (envelope, error) {
	from := p.face.Client(r)
	if err := p.apiKey(r, from); err != nil {
		return envelope{}, err
	}
	_, err := p.Service.Reset(r.Context(), passwd.Reset{
		Token: passwd.Token(in.token), New: in.next, For: passwd.Holder{UserKey: in.user}, Client: from,
	})
	return profileDone, err
}

const apiKeyChallenge = `ApiKey realm="password"`

// profileShared is the format's sentence for an address of several accounts.
const profileShared = "There is multiple users are registered with the specified E-Mail address.Please enter the username"

var (
	errProfileAPIKey = &refusal{
		reply: reply{http.StatusUnauthorized, "detail", "The API key is missing or wrong."}, challenge: apiKeyChallenge,
		cause: passwd.ErrUnauthenticated,
	}
	errProfileConfirm = &refusal{
		reply: reply{http.StatusBadRequest, "confirm_password", "The two password fields didn't match."},
		cause: passwd.ErrInvalidRequest,
	}
	errProfileShared = &refusal{
		reply:     reply{http.StatusUnauthorized, "detail", profileShared},
		challenge: apiKeyChallenge, cause: passwd.ErrWrongCredentials,
	}
	errProfileUnknown = &refusal{
		reply:     reply{http.StatusUnauthorized, "detail", "This username or email does not exist in the system."},
		challenge: apiKeyChallenge, cause: passwd.ErrWrongCredentials,
	}
)

// profileReplies names, of each code, the field that the text is about.
var profileReplies = table{
	passwd.CodeWrongCredentials:       {http.StatusUnauthorized, "detail", "Your old password was entered incorrectly. Please enter it again."},
	passwd.CodeUnauthenticated:        {http.StatusUnauthorized, "detail", "The access token is missing or no longer valid."},
	passwd.CodeWrongPassword:          {http.StatusUnauthorized, "detail", "Your old password was entered incorrectly. Please enter it again."},
	passwd.CodePasswordChangeRequired: {http.StatusForbidden, "detail", "Your password must be changed first."},
	passwd.CodeSecondFactorRequired:   {http.StatusForbidden, "detail", "A second factor is required."},
	passwd.CodeNoChangeNeeded:         {http.StatusConflict, "detail", "Your password need not be changed."},
	passwd.CodeConflict:               {http.StatusConflict, "detail", "The account has changed in the meantime. Try again."},
	passwd.CodePasswordRejected:       {http.StatusBadRequest, "password", ""}, // see sentences
	passwd.CodeInvalidToken:           {http.StatusBadRequest, "token", "The token is invalid. Enter the correct token that send to your email."},
	passwd.CodeInvalidRequest:         {http.StatusBadRequest, "detail", "The request is malformed."},
	passwd.CodeRateLimited:            {http.StatusTooManyRequests, "detail", "There were too many requests. Try again later."},
	passwd.CodeBusy:                   {http.StatusServiceUnavailable, "detail", "The server is busy. Try again in a moment."},
	passwd.CodeUnavailable:            {http.StatusServiceUnavailable, "detail", "This does not work right now. Try again later."},
	passwd.CodeInternal:               {http.StatusInternalServerError, "detail", "Something went wrong."},
	endpoint.CodeCrossOrigin:          {http.StatusForbidden, "detail", "The request comes from another site."},
	endpoint.CodeNotFound:             {http.StatusNotFound, "detail", "There is nothing at this address."},
	endpoint.CodeMethodNotAllowed:     {http.StatusMethodNotAllowed, "detail", "This address takes POST only."},
	endpoint.CodeTooLarge:             {http.StatusRequestEntityTooLarge, "detail", "The request is too large."},
	endpoint.CodeUnsupportedMediaType: {http.StatusUnsupportedMediaType, "detail", "The request must be a form or JSON."},
}

func (p *profile) fail(w http.ResponseWriter, r *http.Request, code passwd.Code, err error) {
	row, own := profileReplies.row(code, err)
	lang := printer(p.Localize, w, r)
	e := envelope{StatusCode: row.status, Errors: map[string][]string{}}
	if faults, ok := errors.AsType[jsonstrict.FieldErrors](err); ok {
		for _, f := range faults {
			e.Errors[f.Field] = []string{faultSentence(lang, f.Fault)}
		}
	} else if rejected, ok := errors.AsType[*passwd.PolicyError](err); ok {
		e.Errors[row.name] = profileSentences(lang, rejected.Violations)
	} else {
		e.Errors[row.name] = []string{row.sentence(lang, code, own)}
	}
	if row.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", profileChallenge(r, code, own))
	}
	endpoint.WriteJSON(w, row.status, typeJSON, e)
}

// profileChallenge asks for the credentials that were missing or wrong. Only for a
// bearer token does it say that it was bad.
func profileChallenge(r *http.Request, code passwd.Code, own *refusal) string {
	_, bearer := bearerToken(r)
	switch {
	case own != nil:
		return own.challenge
	case code == passwd.CodeUnauthenticated && bearer:
		return badBearerChallenge
	}
	return bearerChallenge
}

// faultSentence says what is wrong with a field. To who reads the reply, null is
// as good as nothing.
func faultSentence(p locale.Printer, f jsonstrict.Fault) string {
	required := f != jsonstrict.WrongType
	switch {
	case p.Language() != english && required:
		return p.Field(string(jsonstrict.Missing))
	case p.Language() != english:
		return p.Field(string(f))
	case required:
		return "This field is required."
	}
	return "This field has the wrong type."
}

// profileSentences puts violations into the documented words, each sentence once.
// What the description does not know is in the words of package locale.
func profileSentences(p locale.Printer, violations []pwpolicy.Violation) []string {
	if p.Language() != english {
		return p.Violations(violations)
	}
	var all []string
	seen := map[string]bool{}
	for _, v := range violations {
		s := profileSentence(v)
		if s == "" {
			s = p.Violation(v)
		}
		if !seen[s] {
			seen[s] = true
			all = append(all, s)
		}
	}
	return all
}

func profileSentence(v pwpolicy.Violation) string {
	switch v.Code {
	case pwpolicy.Similar, pwpolicy.SameAsLogin:
		return "Your password can't be too similar to your other personal information."
	case pwpolicy.TooShort:
		return fmt.Sprintf("Your password must contain at least %v characters.", v.Params["min"])
	case pwpolicy.TooCommon:
		return "Your password can't be a commonly used password."
	case pwpolicy.Numeric:
		return "Your password can't be entirely numeric."
	case pwpolicy.MissingClass:
		return "Your password must contain at least one capital letter, small letter, number and special character."
	}
	return ""
}

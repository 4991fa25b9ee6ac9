package passwdhttp

import (
	"errors"
	"maps"
	"net/http"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/internal/jsonstrict"
	"github.com/passwd-go/passwd/pwpolicy"
)

// apiPath is where the API is below Links.Base. A new version would be another.
const apiPath = "/api/v1/"

// API returns the handler of the JSON API, below /api/v1/ at the path of
// Links.Base, which it strips itself. Requests are flat JSON objects of exactly
// these fields, at most 16 KiB; a query is ignored.
//
//	POST change           current_password, new_password   204  who is signed in
//	POST change-required  ticket, new_password             204
//	POST forgot           login                            202, the same for every login
//	POST reset/check      token                            204, spends nothing
//	POST reset            token, new_password              204
//	POST invitation/check token                            204, spends nothing
//	POST invitation       token, new_password              204
//	POST forgot/code      login                            202 request_id
//	POST reset/code       request_id, code                 200 token, which reset takes
//	POST cancel           token of a "this was not me"     204
//	POST check            password, token or ticket or invitation or signed in
//	                                                       200 ok, violations, score if the policy has one
//	                      or cookie, "reset", "ticket" or "invitation": the one that the pages have set
//	GET  policy                                            200 requirements, passwordrules
//	POST policy           token                            200 the same of its account
//	GET  devices          ?limit=, ?after=                 200 devices, next; these three with Config.Sessions
//	POST devices/end      id                               204
//	POST devices/end-others                                200 ended
//	POST signout                                           204; with Config.SignOut
//	POST signin           login, password                  204, or what Config.SignedIn writes; with that alone
//	POST signup/check     password, and what has been typed of username, email, mobile,
//	                      name, first_name, last_name, nickname, birthdate,
//	                      organization, address     200 as check; with Config.SignUp
//	GET  signup/policy                                     200 as policy; with Config.SignUp
//	GET  openapi.json                                      200 all of this as OpenAPI 3.1, for everybody
//
// Errors are problems (RFC 9457) with a member "code": the codes of package
// passwd and malformed_request, cross_origin, not_found, method_not_allowed,
// too_large, unsupported_media_type. With password_rejected, "errors" lists
// every violation of the policy by the new password.
func API(c Config) (http.Handler, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	doc, err := c.Envelope.document()
	if err != nil {
		return nil, err
	}
	a := &api{Config: c, face: c.apiFace(), doc: doc}
	return a.face.Routes(c.Service.BasePath()+apiPath, a.routes()), nil
}

// routes are all that there is below the path of the API.
func (a *api) routes() map[string]endpoint.Methods {
	f := a.face
	const json = "application/json"
	routes := map[string]endpoint.Methods{
		"change":           {"POST": endpoint.Post(f, decodeChange, a.change, sendHost)},
		"change-required":  {"POST": endpoint.Post(f, decodeChangeRequired, a.changeRequired, endpoint.Empty[passwd.Written](http.StatusNoContent))},
		"forgot":           {"POST": endpoint.Post(f, decodeForgot, a.forgot, endpoint.JSON[accepted](http.StatusAccepted, json))},
		"forgot/code":      {"POST": endpoint.Post(f, decodeForgot, a.forgotCode, endpoint.JSON[codeRequest](http.StatusAccepted, json))},
		"reset":            {"POST": endpoint.Post(f, decodeReset, a.reset, endpoint.Empty[passwd.Written](http.StatusNoContent))},
		"reset/check":      {"POST": endpoint.Post(f, decodeToken, a.resetCheck, endpoint.Empty[none](http.StatusNoContent))},
		"reset/code":       {"POST": endpoint.Post(f, decodeResetCode, a.resetCode, endpoint.JSON[resetToken](http.StatusOK, json))},
		"invitation":       {"POST": endpoint.Post(f, decodeReset, a.accept, endpoint.Empty[passwd.Written](http.StatusNoContent))},
		"invitation/check": {"POST": endpoint.Post(f, decodeToken, a.invitationCheck, endpoint.Empty[none](http.StatusNoContent))},
		"cancel":           {"POST": endpoint.Post(f, decodeToken, a.cancel, endpoint.Empty[none](http.StatusNoContent))},
		"check":            {"POST": endpoint.Post(f, decodeCheck, a.check, endpoint.JSON[report](http.StatusOK, json))},
		"policy": {"GET": endpoint.Get(f, a.policy, endpoint.JSON[policy](http.StatusOK, json)),
			"POST": endpoint.Post(f, decodePolicy, a.policyOf, endpoint.JSON[policy](http.StatusOK, json))},
		"openapi.json": {"GET": document(f, a.doc)},
	}
	if a.Sessions != nil {
		maps.Copy(routes, a.deviceRoutes())
	}
	if a.SignOut != nil {
		routes["signout"] = endpoint.Methods{"POST": endpoint.Post(f, decodeNothing, a.signOut, endpoint.Empty[none](http.StatusNoContent))}
	}
	if a.SignedIn != nil {
		routes["signin"] = endpoint.Methods{"POST": endpoint.Post(f, decodeSignIn, a.signIn, sendHost)}
	}
	if a.SignUp {
		maps.Copy(routes, a.signUpRoutes())
	}
	return routes
}

type api struct {
	Config
	face *endpoint.Face
	doc  []byte // OpenAPI
}

type none = struct{}

func decodeChange(b endpoint.Body) (in passwd.Change, err error) {
	err = jsonstrict.Decode(b.Data,
		jsonstrict.String("current_password", &in.Current),
		jsonstrict.String("new_password", &in.New))
	return in, err
}

func (a *api) change(w http.ResponseWriter, r *http.Request, in passwd.Change) (hostReply, error) {
	p, _, err := a.signedIn(r) // who must change their password may
	if err != nil {
		return hostReply{}, err
	}
	in.Account, in.KeepSession, in.Client = p.Account, p.Session, a.face.Client(r)
	held := holdBack(w)
	_, err = a.changeOwn(held, r, in)
	return held.hostReply, err
}

// changeOwn changes the password of the signed-in user, and reports whether
// their session goes on.
func (c Config) changeOwn(w *heldBack, r *http.Request, in passwd.Change) (renewed bool, err error) {
	written, err := c.service(r).Change(r.Context(), in)
	if err != nil {
		return false, err
	}
	if c.Renew == nil {
		return c.keptSession(r, in), nil
	}
	if err := c.Renew(w, r, written); err != nil {
		w.drop()
		endpoint.RenewFailed(c.Service, r, written, in.Client, err)
		return false, nil
	}
	return true, nil
}

func decodeChangeRequired(b endpoint.Body) (in passwd.ChangeWithTicket, err error) {
	err = jsonstrict.Decode(b.Data,
		jsonstrict.String("ticket", (*string)(&in.Ticket)),
		jsonstrict.String("new_password", &in.New))
	return in, err
}

func (a *api) changeRequired(_ http.ResponseWriter, r *http.Request, in passwd.ChangeWithTicket) (passwd.Written, error) {
	in.Client = a.face.Client(r)
	return a.service(r).ChangeWithTicket(r.Context(), in)
}

func decodeForgot(b endpoint.Body) (in passwd.Login, err error) {
	err = jsonstrict.Decode(b.Data, jsonstrict.String("login", &in.Value))
	return in, err
}

// accepted is the one answer to every request for a link (I6).
type accepted struct {
	Detail string `json:"detail"`
}

func (a *api) forgot(w http.ResponseWriter, r *http.Request, in passwd.Login) (accepted, error) {
	if err := a.mustSend(); err != nil {
		return accepted{}, err
	}
	in.Tenant = a.tenant(r)
	err := a.service(r).RequestReset(r.Context(), passwd.RequestReset{Login: in, Client: a.face.Client(r)})
	if err != nil {
		return accepted{}, err
	}
	return accepted{a.printer(w, r).ResetRequested()}, nil
}

type codeRequest struct {
	RequestID string `json:"request_id"`
}

func (a *api) forgotCode(_ http.ResponseWriter, r *http.Request, in passwd.Login) (codeRequest, error) {
	if err := a.mustSend(); err != nil {
		return codeRequest{}, err
	}
	in.Tenant = a.tenant(r)
	request, err := a.service(r).RequestCode(r.Context(), passwd.RequestCode{Login: in, Client: a.face.Client(r)})
	return codeRequest{string(request)}, err
}

func decodeReset(b endpoint.Body) (in passwd.Reset, err error) {
	err = jsonstrict.Decode(b.Data,
		jsonstrict.String("token", (*string)(&in.Token)),
		jsonstrict.String("new_password", &in.New))
	return in, err
}

func (a *api) reset(_ http.ResponseWriter, r *http.Request, in passwd.Reset) (passwd.Written, error) {
	in.Client = a.face.Client(r)
	return a.service(r).Reset(r.Context(), in)
}

func decodeToken(b endpoint.Body) (in passwd.Token, err error) {
	err = jsonstrict.Decode(b.Data, jsonstrict.String("token", (*string)(&in)))
	return in, err
}

func (a *api) resetCheck(_ http.ResponseWriter, r *http.Request, in passwd.Token) (none, error) {
	return none{}, a.service(r).CheckReset(r.Context(), passwd.CheckReset{Token: in, Client: a.face.Client(r)})
}

func (a *api) accept(_ http.ResponseWriter, r *http.Request, in passwd.Reset) (passwd.Written, error) {
	in.Client = a.face.Client(r)
	return a.service(r).AcceptInvitation(r.Context(), in)
}

func (a *api) invitationCheck(_ http.ResponseWriter, r *http.Request, in passwd.Token) (none, error) {
	_, err := a.service(r).TokenAccount(r.Context(), passwd.PurposeInvitation, in, a.face.Client(r))
	return none{}, err
}

func (a *api) cancel(_ http.ResponseWriter, r *http.Request, in passwd.Token) (none, error) {
	return none{}, a.service(r).CancelReset(r.Context(), passwd.CancelReset{Token: in, Client: a.face.Client(r)})
}

func decodeResetCode(b endpoint.Body) (in passwd.RedeemCode, err error) {
	err = jsonstrict.Decode(b.Data,
		jsonstrict.String("request_id", (*string)(&in.Request)),
		jsonstrict.String("code", (*string)(&in.Code)))
	return in, err
}

type resetToken struct {
	Token string `json:"token"`
}

func (a *api) resetCode(_ http.ResponseWriter, r *http.Request, in passwd.RedeemCode) (resetToken, error) {
	in.Client = a.face.Client(r)
	t, err := a.service(r).RedeemCode(r.Context(), in)
	return resetToken{string(t)}, err
}

type checkInput struct {
	password                          string
	token, ticket, invitation, cookie *string
}

func decodeCheck(b endpoint.Body) (in checkInput, err error) {
	err = jsonstrict.Decode(b.Data,
		jsonstrict.String("password", &in.password),
		jsonstrict.OptionalString("token", &in.token),
		jsonstrict.OptionalString("ticket", &in.ticket),
		jsonstrict.OptionalString("invitation", &in.invitation),
		jsonstrict.OptionalString("cookie", &in.cookie))
	if err != nil {
		return in, err
	}
	given := given{{"token", in.token}, {"ticket", in.ticket}, {"invitation", in.invitation}, {"cookie", in.cookie}}
	if err := given.atMostOne(); err != nil {
		return in, err
	}
	if in.cookie != nil && tokenCookies[*in.cookie] == (cookie{}) {
		return in, jsonstrict.FieldErrors{{Field: "cookie", Fault: jsonstrict.NotAllowed}}
	}
	return in, nil
}

// given are fields of which one may be there, nil those that are not.
type given []struct {
	name string
	text *string
}

// atMostOne lists them if there are more.
func (g given) atMostOne() error {
	var there jsonstrict.FieldErrors
	for _, f := range g {
		if f.text != nil {
			there = append(there, jsonstrict.FieldError{Field: f.name, Fault: jsonstrict.Exclusive})
		}
	}
	if len(there) > 1 {
		return there
	}
	return nil
}

// report is the answer to a check.
type report struct {
	OK         bool     `json:"ok"`
	Violations rules    `json:"violations"`
	Score      *int     `json:"score,omitempty"` // if a rule of the policy gives one
	Notes      []remark `json:"notes,omitempty"`
	Advice     []remark `json:"advice,omitempty"`
}

// remark points out what is accepted, but may not be meant, or would be better.
type remark struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func (a *api) check(w http.ResponseWriter, r *http.Request, in checkInput) (report, error) {
	c := passwd.Check{Password: in.password, Client: a.face.Client(r)}
	given := map[string]*string{checkReset: in.token, checkTicket: in.ticket, checkInvitation: in.invitation}
	if in.cookie != nil {
		kept := string(a.kept(r, tokenCookies[*in.cookie]))
		given[*in.cookie] = &kept
	}
	for whose, text := range given {
		if text != nil {
			return a.judgedBy(w, r, c, whose, passwd.Token(*text))
		}
	}
	p, _, err := a.signedIn(r)
	if errors.Is(err, passwd.ErrUnauthenticated) { // but perhaps on the way to a new password
		for _, whose := range []string{checkReset, checkTicket, checkInvitation} {
			if kept := a.kept(r, tokenCookies[whose]); kept != "" {
				return a.judgedBy(w, r, c, whose, kept)
			}
		}
	}
	if err != nil {
		return report{}, err
	}
	c.Account = p.Account
	return a.report(w, r, c)
}

// judgedBy judges a password for the account of a token.
func (a *api) judgedBy(w http.ResponseWriter, r *http.Request, c passwd.Check, whose string, t passwd.Token) (report, error) {
	switch {
	case t == "": // to the service, that is none
		return report{}, passwd.ErrTokenInvalid
	case whose == checkReset:
		c.Token = t
	case whose == checkTicket:
		c.Ticket = t
	default:
		c.Invitation = t
	}
	return a.report(w, r, c)
}

// report asks what speaks against a password, and puts it into words.
func (a *api) report(w http.ResponseWriter, r *http.Request, c passwd.Check) (report, error) {
	found, err := a.service(r).Check(r.Context(), c)
	if err != nil {
		return report{}, err
	}
	words, violations := a.printer(w, r), rules{}
	for _, v := range found.Violations {
		violations = append(violations, rule{v.Code, params(v.Params), words.Violation(v)})
	}
	out := report{OK: len(violations) == 0, Violations: violations, Score: found.Score}
	for _, n := range found.Notes {
		out.Notes = append(out.Notes, remark{string(n), words.Note(n)})
	}
	for _, a := range found.Advice {
		out.Advice = append(out.Advice, remark{string(a), words.Advice(string(a))})
	}
	return out, nil
}

// rules are violations or requirements; never nil, so as not to be null.
type rules []rule

type rule struct {
	Code   pwpolicy.Code  `json:"code"`
	Params map[string]any `json:"params"`
	Detail string         `json:"detail"`
}

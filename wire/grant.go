package wire

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/internal/jsonstrict"
	"github.com/passwd-go/passwd/session"
)

// Grant is the format of an OAuth-style password grant that changes the password.
// Its routes are
//
//	POST change-password   grant_type=password, client_id, device_name, device_id,
//	                       username, password, new_password
//	POST token             the same without new_password: signs in
//	                       grant_type=refresh_token, refresh_token: renews
//
// as JSON, url-encoded or multipart/form-data, and the reply a pair of tokens.
//
// The password grant is deprecated: OAuth 2.0 Security Best Current Practice (RFC
// 9700 §2.4) says that it must not be used, as it hands the password to the client
// and has no place for a second factor. Mount it only for your own apps that are
// already installed and cannot be changed, and offer others the authorization code
// flow of an OAuth server.
//
// Contract: the fields, both ways to encode them, the tokens (hexadecimal, at most
// 256 characters), token_type, expires_in, one pair for each user, device_id and
// client_id, a bound on the tokens of a user and client; token from the
// publisher's neighbouring page. Our choice: errors, which have the form of RFC 6749
// §5.2; that all fields are required; multipart; lower case; that X-VERSION is
// ignored; that Accept-Language selects the language of "errors", while
// error_description is ASCII and English, as the RFC wants it; the bound of 10
// sessions, which session.Config.MaxPerClient changes; that a refresh token is
// good once, and its reuse ends the session.
//
// Set passwd.Config.Admit where accounts have a second factor: they get
// invalid_grant here, and no tokens.
type Grant struct {
	Config

	// Base is the path below which the routes are, "/api" in the description. If "",
	// they begin at the root, as behind http.StripPrefix.
	Base string
	// Tenant is whose accounts requests are about. Sessions of other tenants are not
	// refreshed here.
	Tenant string
	// Clients knows the client ids. Required.
	Clients Clients
	// Sessions makes the pairs of tokens. Required.
	Sessions *session.Manager
}

// Handler returns the handler of the format.
func (c Grant) Handler() (http.Handler, error) {
	if err := c.validate("Grant", c.Base); err != nil {
		return nil, err
	}
	if c.Clients == nil || c.Sessions == nil {
		return nil, errors.New("wire: Grant.Clients and Grant.Sessions are required")
	}
	g := &grant{Grant: c}
	g.face = c.face([]string{typeJSON, typeForm, typeMultipart}, map[string]string{"Pragma": "no-cache"}, g.fail)
	pair := endpoint.JSON[grantReply](http.StatusOK, jsonUTF8)
	return g.face.Routes(below(c.Base), map[string]endpoint.Methods{
		"change-password": {"POST": endpoint.Post(g.face, decodeGrantChange, g.change, pair)},
		"token":           {"POST": endpoint.Post(g.face, decodeGrantToken, g.token, pair)},
	}), nil
}

type grant struct {
	Grant
	face *endpoint.Face
}

type grantReply struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
}

func pairReply(p session.Pair, err error) (grantReply, error) {
	return grantReply{
		AccessToken: string(p.Access), TokenType: "Bearer",
		ExpiresIn: int64(p.ExpiresIn / time.Second), RefreshToken: string(p.Refresh),
	}, err
}

type grantRequest struct {
	clientID, deviceName, deviceID, username, password, next string
	refresh                                                  string
}

// signIn are the fields of a password grant.
func (in *grantRequest) signIn() []text {
	return []text{
		{"client_id", &in.clientID}, {"device_name", &in.deviceName}, {"device_id", &in.deviceID},
		{"username", &in.username}, {"password", &in.password},
	}
}

func decodeGrantChange(b endpoint.Body) (in grantRequest, err error) {
	kind, err := grantType(b)
	switch {
	case err != nil:
		return in, err
	case kind != "password":
		return in, errGrantType
	}
	err = decode(b, append(in.signIn(), text{"new_password", &in.next}))
	return in, in.checked(err)
}

func decodeGrantToken(b endpoint.Body) (in grantRequest, err error) {
	kind, err := grantType(b)
	if err != nil {
		return in, err
	}
	switch kind {
	case "password":
		err = in.checked(decode(b, in.signIn()))
	case "refresh_token":
		err = decode(b, []text{{"refresh_token", &in.refresh}})
	default:
		err = errGrantType
	}
	return in, err
}

// grantType decides which fields a body must have.
func grantType(b endpoint.Body) (kind string, err error) {
	err = decode(b, []text{{"grant_type", &kind}})
	return kind, err
}

// checked adds to what is wrong with the fields that the user name is an address.
func (in *grantRequest) checked(err error) error {
	if err == nil && !plausibleEmail(in.username) {
		return errGrantUsername
	}
	return err
}

func (g *grant) change(_ http.ResponseWriter, r *http.Request, in grantRequest) (grantReply, error) {
	from := g.face.Client(r)
	if err := g.client(r, in.clientID, from); err != nil {
		return grantReply{}, err
	}
	written, err := g.Service.ChangeByLogin(r.Context(), passwd.ChangeByLogin{
		Login: g.login(in), Current: in.password, New: in.next, Always: true, Client: from,
	})
	if err != nil {
		return grantReply{}, err
	}
	return g.start(r, passwd.SignedIn{Account: written.Account, Epoch: written.Epoch}, in, from)
}

func (g *grant) token(_ http.ResponseWriter, r *http.Request, in grantRequest) (grantReply, error) {
	from := g.face.Client(r)
	if in.refresh != "" {
		return g.renew(r, in.refresh, from)
	}
	if err := g.client(r, in.clientID, from); err != nil {
		return grantReply{}, err
	}
	who, err := g.Service.SignIn(r.Context(), passwd.SignIn{Login: g.login(in), Password: in.password, Client: from})
	if err != nil {
		return grantReply{}, err
	}
	return g.start(r, who, in, from)
}

func (g *grant) client(r *http.Request, id string, from passwd.Client) error {
	return g.application(r.Context(), from, g.Clients.PublicClient(r.Context(), id), errGrantClient)
}

func (g *grant) login(in grantRequest) passwd.Login {
	return passwd.Login{Tenant: g.Tenant, Kind: passwd.Email, Value: in.username}
}

func (g *grant) start(r *http.Request, who passwd.SignedIn, in grantRequest, from passwd.Client) (grantReply, error) {
	return pairReply(g.Sessions.Start(r.Context(), who, session.Info{
		Client: in.clientID, Device: in.deviceID, DeviceName: in.deviceName, From: from,
	}))
}

// renew replaces a pair. The session is of a tenant and a client that may have it,
// else it ends: what it shows is not one of this format's.
func (g *grant) renew(r *http.Request, refresh string, from passwd.Client) (grantReply, error) {
	pair, err := g.Sessions.Refresh(r.Context(), refresh, from)
	if err != nil {
		return grantReply{}, err
	}
	err = g.client(r, pair.Session.Client, from)
	if err == nil && pair.Session.Account.Tenant == g.Tenant {
		return pairReply(pair, nil)
	}
	if err == nil || errors.Is(err, errGrantClient) {
		err = passwd.ErrEnded
	}
	return grantReply{}, errors.Join(err, g.Sessions.End(r.Context(), pair.Session.Account, pair.Session.ID))
}

var (
	errGrantClient = &refusal{
		reply: reply{http.StatusUnauthorized, "invalid_client", "The client is unknown."}, cause: passwd.ErrUnauthenticated,
	}
	errGrantType = &refusal{
		reply: reply{http.StatusBadRequest, "unsupported_grant_type", "The grant type is not supported here."}, cause: passwd.ErrInvalidRequest,
	}
	errGrantUsername = &refusal{
		reply: reply{http.StatusBadRequest, "invalid_request", "The field username is not an email address."}, cause: passwd.ErrInvalidRequest,
	}
)

// The answers that several codes share.
var (
	invalidGrant = reply{http.StatusBadRequest, "invalid_grant", "The credentials or the token are not valid."}
	laterGrant   = reply{http.StatusServiceUnavailable, "temporarily_unavailable", "This does not work right now. Try again later."}
)

// grantReplies has the errors of RFC 6749 §5.2, and of §4.1.2.1 where that has
// none. Descriptions are ASCII without quotes.
var grantReplies = table{
	passwd.CodeWrongCredentials:       invalidGrant,
	passwd.CodeUnauthenticated:        invalidGrant,
	passwd.CodeWrongPassword:          invalidGrant,
	passwd.CodePasswordChangeRequired: invalidGrant,
	passwd.CodeSecondFactorRequired:   invalidGrant,
	passwd.CodeInvalidToken:           invalidGrant,
	passwd.CodeNoChangeNeeded:         {http.StatusConflict, "invalid_request", "The password need not be changed."},
	passwd.CodeConflict:               {http.StatusConflict, "invalid_request", "The account has changed in the meantime. Try again."},
	passwd.CodePasswordRejected:       {http.StatusBadRequest, "invalid_request", "The new password cannot be used."},
	passwd.CodeInvalidRequest:         {http.StatusBadRequest, "invalid_request", "The request is malformed."},
	passwd.CodeRateLimited:            {http.StatusTooManyRequests, "temporarily_unavailable", "There were too many requests. Try again later."},
	passwd.CodeBusy:                   laterGrant,
	passwd.CodeUnavailable:            laterGrant,
	passwd.CodeInternal:               {http.StatusInternalServerError, "server_error", "Something went wrong."},
	endpoint.CodeCrossOrigin:          {http.StatusForbidden, "invalid_request", "The request comes from another site."},
	endpoint.CodeNotFound:             {http.StatusNotFound, "invalid_request", "There is nothing at this address."},
	endpoint.CodeMethodNotAllowed:     {http.StatusMethodNotAllowed, "invalid_request", "This address takes POST only."},
	endpoint.CodeTooLarge:             {http.StatusRequestEntityTooLarge, "invalid_request", "The request is too large."},
	endpoint.CodeUnsupportedMediaType: {http.StatusUnsupportedMediaType, "invalid_request", "The request must be a form or JSON."},
}

type grantError struct {
	Error       string      `json:"error"`
	Description string      `json:"error_description"`
	Errors      []violation `json:"errors,omitempty"`
}

func (g *grant) fail(w http.ResponseWriter, r *http.Request, code passwd.Code, err error) {
	row, own := grantReplies.row(code, err)
	reply := grantError{Error: row.name, Description: row.description(err)}
	if code == passwd.CodePasswordRejected {
		reply.Errors = violations(printer(true, w, r), "new_password", err)
	}
	challenge(w, row, own)
	endpoint.WriteJSON(w, row.status, jsonUTF8, reply)
}

// description is the text of a row, or names the fields that do not fit: the names
// are ours.
func (row reply) description(err error) string {
	faults, ok := errors.AsType[jsonstrict.FieldErrors](err)
	if !ok {
		return row.text
	}
	names := make([]string, len(faults))
	for i, f := range faults {
		names[i] = f.Field
	}
	return "Missing or malformed: " + strings.Join(names, ", ") + "."
}

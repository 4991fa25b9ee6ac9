package wire

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/internal/jsonstrict"
	"github.com/passwd-go/passwd/session/jwt"
)

// Remind is the format of a reminder by e-mail and a reset with e-mail and token,
// for applications that have an access token of their own. Its routes are
//
//	POST oauth/token       grant_type=client_credentials, client_id, client_secret
//	POST password/remind   email
//	POST password/reset    email, token, password
//
// url-encoded or JSON; the last two with the application's token, as
// Authorization: Bearer or as the field access_token.
//
// Contract: reset as a whole, its statuses, sentences and their order; of every
// error the members "status" and "error"; remind and its 24 hours from the
// publisher's neighbouring page. Our choice: oauth/token (RFC 6749 §4.4), whose
// errors have the members of both documents; JSON; 401 {"status":"unauthorized"};
// 400 malformed_request for two access tokens at once; the codes of the JSON API
// for other refusals; "violations" beside wrong_password; that a missing field is
// the status of that field; and that without RevealAccounts an unknown address
// gets a reminder_sent and a wrong_token.
//
// The description asks for 6 characters only. A policy that allows so few has
// Length{InsecureMinLength: 6}.
type Remind struct {
	Config

	// Base is the path below which the routes are, "/v1" in the description. If "",
	// they begin at the root, as behind http.StripPrefix.
	Base string
	// Tenant is whose accounts requests are about. An application's token is good
	// for its own tenant only.
	Tenant string
	// Clients knows the applications' ids and secrets. Required.
	Clients Clients
	// Keys are the service's. The key that signs application tokens is derived from
	// them for this purpose alone. Required.
	Keys passwd.Keys
	// TokenTTL is how long an application's token is good, even after the application
	// is removed from Clients: whole seconds, at most 30 days. If 0, one hour.
	TokenTTL time.Duration
	// Now is the clock. If nil, time.Now.
	Now func() time.Time

	// RevealAccounts makes remind and reset tell, as documented, that no account has
	// the address. If false, the answers are the same for all.
	RevealAccounts bool
	// Localize makes texts follow Accept-Language. If false they are the documented
	// ones: clients compare them.
	Localize bool
}

// remindTTL is how long a reset token lives: the most that the service allows.
const remindTTL = 24 * time.Hour

// Handler returns the handler of the format.
func (c Remind) Handler() (http.Handler, error) {
	if err := c.validate("Remind", c.Base); err != nil {
		return nil, err
	}
	if c.Clients == nil {
		return nil, errors.New("wire: Remind.Clients is required")
	}
	c.TokenTTL = cmp.Or(c.TokenTTL, time.Hour)
	tokens, err := jwt.New(jwt.Config{
		Purpose: purpose("application", c.Tenant), Issuer: "passwd", Keys: c.Keys, TTL: c.TokenTTL, Now: c.Now,
		// No account is behind it: it is good until it expires.
		Live: func(context.Context, passwd.Ref, int64) (passwd.Reason, error) { return passwd.NoReason, nil },
	})
	if err != nil {
		return nil, fmt.Errorf("wire: Remind: %w", err)
	}
	c.Service = c.Service.InTenant(c.Tenant) // links of another tenant open nothing here
	m := &remind{Remind: c, tokens: tokens}
	accept := []string{typeForm, typeJSON}
	m.face = c.face(accept, nil, m.fail)
	oauth := c.face(accept, map[string]string{"Pragma": "no-cache"}, m.failOAuth)
	paths := map[string]endpoint.Methods{
		"password/remind": {"POST": endpoint.Post(m.face, decodeRemind, m.remind, endpoint.JSON[remindDone](http.StatusOK, jsonUTF8))},
		"password/reset":  {"POST": endpoint.Post(m.face, decodeRemindReset, m.reset, endpoint.JSON[remindDone](http.StatusOK, jsonUTF8))},
	}
	issue := endpoint.Methods{"POST": endpoint.Post(oauth, decodeCredentials, m.issue, endpoint.JSON[issued](http.StatusOK, jsonUTF8))}
	routes, tokenPath := m.face.Routes(below(c.Base), paths), below(c.Base)+"oauth/token"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == tokenPath {
			oauth.Serve(w, r, issue)
			return
		}
		routes.ServeHTTP(w, r)
	}), nil
}

type remind struct {
	Remind
	face   *endpoint.Face
	tokens *jwt.Authority
}

type remindDone struct {
	Status  string `json:"status"`
	Success string `json:"success"`
}

type remindRequest struct {
	email       string
	accessToken *string
}

func decodeRemind(b endpoint.Body) (in remindRequest, err error) {
	err = decode(b, []text{{"email", &in.email}}, jsonstrict.OptionalString("access_token", &in.accessToken))
	return in, err
}

func (m *remind) remind(_ http.ResponseWriter, r *http.Request, in remindRequest) (remindDone, error) {
	login, from, err := m.open(r, in.email, in.accessToken)
	if err != nil {
		return remindDone{}, err
	}
	err = m.Service.RequestReset(r.Context(), passwd.RequestReset{
		Login: login, Channel: passwd.EmailChannel, TTL: remindTTL, Client: from,
	})
	return remindDone{"reminder_sent", "An email was sent to the user."}, err
}

type remindReset struct {
	remindRequest
	token, password string
}

func decodeRemindReset(b endpoint.Body) (in remindReset, err error) {
	err = decode(b, []text{{"email", &in.email}, {"token", &in.token}, {"password", &in.password}},
		jsonstrict.OptionalString("access_token", &in.accessToken))
	return in, err
}

func (m *remind) reset(_ http.ResponseWriter, r *http.Request, in remindReset) (remindDone, error) {
	login, from, err := m.open(r, in.email, in.accessToken)
	if err != nil {
		return remindDone{}, err
	}
	_, err = m.Service.Reset(r.Context(), passwd.Reset{
		Token: passwd.Token(in.token), New: in.password, For: passwd.Holder{Login: login}, Client: from,
	})
	return remindDone{"password_reset", "The new password has been set."}, err
}

// open checks what remind and reset have in common: the shape of the address, the
// application, and, where that is told, whether anybody has the address.
func (m *remind) open(r *http.Request, email string, accessToken *string) (passwd.Login, passwd.Client, error) {
	from := m.face.Client(r)
	login := passwd.Login{Tenant: m.Tenant, Kind: passwd.Email, Value: email}
	if !plausibleEmail(email) {
		return login, from, errRemindUser
	}
	if err := m.authorize(r, accessToken); err != nil {
		return login, from, err
	}
	if !m.RevealAccounts {
		return login, from, nil
	}
	n, err := m.Service.RevealMatches(r.Context(), login, from)
	if err == nil && n == 0 {
		err = errRemindUser
	}
	return login, from, err
}

// authorize accepts the token of an application in the header or in the body, but
// not in both (RFC 6750 §2).
func (m *remind) authorize(r *http.Request, inBody *string) error {
	token, sent := bearerToken(r)
	switch header := len(r.Header.Values("Authorization")) > 0; {
	case inBody != nil && header:
		return passwd.ErrInvalidRequest
	case inBody != nil:
		token = *inBody
	case !sent:
		return errRemindUnauthorized
	}
	if _, err := m.tokens.Verify(r.Context(), token); err != nil {
		return errRemindBadToken
	}
	return nil
}

// maxEmail is the length of the longest address: 64 bytes, "@", 255 bytes.
const maxEmail = 320

// plausibleEmail is no more than a check of the form: whether there is such an
// address, only its mail server knows.
func plausibleEmail(text string) bool {
	text = passwd.Fold(text)
	at := strings.LastIndexByte(text, '@')
	return len(text) <= maxEmail && at > 0 && at < len(text)-1 &&
		!strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}

// credentials are what an application asks for a token with.
type credentials struct {
	grantType  string
	id, secret *string
}

func decodeCredentials(b endpoint.Body) (in credentials, err error) {
	err = decode(b, []text{{"grant_type", &in.grantType}},
		jsonstrict.OptionalString("client_id", &in.id), jsonstrict.OptionalString("client_secret", &in.secret))
	return in, err
}

// noEpoch stands in the tokens of applications, which have none.
const noEpoch = 1

type issued struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"`
}

func (m *remind) issue(_ http.ResponseWriter, r *http.Request, in credentials) (issued, error) {
	if in.grantType != "client_credentials" {
		return issued{}, errOAuthGrantType
	}
	id, secret, err := in.read(r)
	if err != nil {
		return issued{}, err
	}
	err = m.application(r.Context(), m.face.Client(r), m.Clients.ClientCredentials(r.Context(), id, secret), errOAuthClient)
	if err != nil {
		return issued{}, err
	}
	token, err := m.tokens.Issue(passwd.SignedIn{Account: passwd.Ref{ID: id}, Epoch: noEpoch})
	return issued{string(token), "Bearer", int64(m.TokenTTL / time.Second)}, err
}

// read returns the id and the secret of the header or of the body, which must not
// both have them (RFC 6749 §2.3). In the header they are url-encoded (§2.3.1).
func (in credentials) read(r *http.Request) (id, secret string, err error) {
	inBody := in.id != nil || in.secret != nil
	if len(r.Header.Values("Authorization")) > 0 {
		if inBody {
			return "", "", passwd.ErrInvalidRequest
		}
		id, secret, ok := r.BasicAuth()
		id, errID := url.QueryUnescape(id)
		secret, errSecret := url.QueryUnescape(secret)
		if !ok || errID != nil || errSecret != nil {
			return "", "", errOAuthClient
		}
		return id, secret, nil
	}
	if in.id == nil || in.secret == nil {
		return "", "", errOAuthClient
	}
	return *in.id, *in.secret, nil
}

var (
	errRemindUser         = &refusal{reply: remindFields["email"], cause: passwd.ErrWrongCredentials}
	errRemindUnauthorized = &refusal{reply: unauthorized, challenge: bearerChallenge, cause: passwd.ErrUnauthenticated}
	errRemindBadToken     = &refusal{reply: unauthorized, challenge: badBearerChallenge, cause: passwd.ErrUnauthenticated}

	errOAuthGrantType = &refusal{
		reply: reply{http.StatusBadRequest, "unsupported_grant_type", "The grant type is not client_credentials."},
		cause: passwd.ErrInvalidRequest,
	}
	errOAuthClient = &refusal{
		reply:     reply{http.StatusUnauthorized, "invalid_client", "The client credentials are missing or wrong."},
		challenge: `Basic realm="password", charset="UTF-8"`, cause: passwd.ErrUnauthenticated,
	}
)

var unauthorized = reply{http.StatusUnauthorized, "unauthorized", "The access token of the application is missing or not valid."}

// remindFields are the replies to fields that are missing, in the documented
// order: the first one counts.
var remindFields = map[string]reply{
	"email":    {http.StatusBadRequest, "wrong_user", "The email address doesn't match a user."},
	"token":    {http.StatusBadRequest, "wrong_token", "The reset token is invalid."},
	"password": {http.StatusBadRequest, "wrong_password", "The password is wrong."},
}

var remindReplies = table{
	passwd.CodeWrongCredentials:       remindFields["email"],
	passwd.CodeUnauthenticated:        unauthorized,
	passwd.CodeWrongPassword:          remindFields["password"],
	passwd.CodePasswordChangeRequired: {http.StatusForbidden, "password_change_required", "The password must be changed first."},
	passwd.CodeSecondFactorRequired:   {http.StatusForbidden, "second_factor_required", "A second factor is required."},
	passwd.CodeNoChangeNeeded:         {http.StatusConflict, "no_change_needed", "The password need not be changed."},
	passwd.CodeConflict:               {http.StatusConflict, "conflict", "The account has changed in the meantime. Try again."},
	passwd.CodePasswordRejected:       remindFields["password"],
	passwd.CodeInvalidToken:           remindFields["token"],
	passwd.CodeInvalidRequest:         {http.StatusBadRequest, "malformed_request", "The request is malformed."},
	passwd.CodeRateLimited:            {http.StatusTooManyRequests, "rate_limited", "There were too many requests. Try again later."},
	passwd.CodeBusy:                   {http.StatusServiceUnavailable, "busy", "The server is busy. Try again in a moment."},
	passwd.CodeUnavailable:            {http.StatusServiceUnavailable, "unavailable", "This does not work right now. Try again later."},
	passwd.CodeInternal:               {http.StatusInternalServerError, "internal", "Something went wrong."},
	endpoint.CodeCrossOrigin:          {http.StatusForbidden, "cross_origin", "The request comes from another site."},
	endpoint.CodeNotFound:             {http.StatusNotFound, "not_found", "There is nothing at this address."},
	endpoint.CodeMethodNotAllowed:     {http.StatusMethodNotAllowed, "method_not_allowed", "This address takes POST only."},
	endpoint.CodeTooLarge:             {http.StatusRequestEntityTooLarge, "too_large", "The request is too large."},
	endpoint.CodeUnsupportedMediaType: {http.StatusUnsupportedMediaType, "unsupported_media_type", "The request must be url-encoded or JSON."},
}

type remindError struct {
	Status     string      `json:"status"`
	Error      string      `json:"error"`
	Violations []violation `json:"violations,omitempty"`
}

func (m *remind) fail(w http.ResponseWriter, r *http.Request, code passwd.Code, err error) {
	row, own := remindReplies.row(code, err)
	if faults, ok := errors.AsType[jsonstrict.FieldErrors](err); ok {
		if field, documented := remindFields[faults[0].Field]; documented {
			row = field
		}
	}
	lang := printer(m.Localize, w, r)
	challenge(w, row, own)
	endpoint.WriteJSON(w, row.status, jsonUTF8, remindError{row.name, row.sentence(lang, code, own), violations(lang, "", err)})
}

// oauthError has the members that RFC 6749 §5.2 wants, and those of the format.
type oauthError struct {
	Status      string `json:"status"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func (m *remind) failOAuth(w http.ResponseWriter, _ *http.Request, code passwd.Code, err error) {
	row, own := grantReplies.row(code, err)
	challenge(w, row, own)
	endpoint.WriteJSON(w, row.status, jsonUTF8, oauthError{row.name, row.name, row.description(err)})
}

// challenge sets WWW-Authenticate, which every 401 has.
func challenge(w http.ResponseWriter, row reply, own *refusal) {
	if row.status != http.StatusUnauthorized {
		return
	}
	text := bearerChallenge
	if own != nil && own.challenge != "" {
		text = own.challenge
	}
	w.Header().Set("WWW-Authenticate", text)
}

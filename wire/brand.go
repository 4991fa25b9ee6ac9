package wire

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/internal/jsonstrict"
	"github.com/passwd-go/passwd/session/jwt"
)

// Brand is the format of a change by identifier, brand and a validation token. Its
// routes are, all JSON,
//
//	POST password/validate       identifierType, identifierValue, brand, deviceId, password
//	POST password/change         the same, and token, newPassword, confirmPassword
//	POST web/password/validate   as password/validate, without deviceId
//	POST web/password/change     as password/change, without deviceId
//
// Contract: the routes of change, the fields, the reply to a success, and that the
// token is made by the validation of the password, for that identifier and, on
// mobile, device; validate from the publisher's neighbouring page. Our choice: the
// statuses and texts of errors, which have the shape of a success, and "violations"
// with those of a rejected password; that an unknown brand is refused before the rest
// of the request is checked; that the token is a JWT bound to brand, epoch and route
// as well; the 16 KiB that bodies, and the 4,096 bytes that passwords may have at
// most; and that web routes ignore a deviceId, and all routes an Authorization
// header.
//
// A brand is a tenant, with a policy of its own by passwd.Config.PolicyFor. A policy
// without any rules, as in the description, is InsecureNoRules.
//
// Set passwd.Config.Admit where accounts have a second factor: they get 403 here.
type Brand struct {
	Config

	// Base is the path below which the routes are, "/auth/v1" in the description. If
	// "", they begin at the root, as behind http.StripPrefix.
	Base string
	// Clients knows the brands. Required.
	Clients Clients
	// Keys are the service's. The keys that sign validation tokens are derived from
	// them, for this purpose alone, those of each route apart. Required.
	Keys passwd.Keys
	// MobileTTL and WebTTL are how long a validation token is good: whole seconds, at
	// most 30 days. If 0, 15 minutes.
	MobileTTL time.Duration
	WebTTL    time.Duration
	// Now is the clock. If nil, time.Now.
	Now func() time.Time

	// Localize makes texts follow Accept-Language. If false they are English.
	Localize bool
}

const brandTTL = 15 * time.Minute

// Handler returns the handler of the format.
func (c Brand) Handler() (http.Handler, error) {
	if err := c.validate("Brand", c.Base); err != nil {
		return nil, err
	}
	if c.Clients == nil {
		return nil, errors.New("wire: Brand.Clients is required")
	}
	b := &brand{Brand: c}
	b.face = c.face([]string{typeJSON}, nil, b.fail)
	mobile, err := b.route("mobile", c.MobileTTL)
	if err != nil {
		return nil, err
	}
	web, err := b.route("web", c.WebTTL)
	if err != nil {
		return nil, err
	}
	mobile.device = true
	return b.face.Routes(below(c.Base), map[string]endpoint.Methods{
		"password/change":       mobile.changes(),
		"password/validate":     mobile.validations(),
		"web/password/change":   web.changes(),
		"web/password/validate": web.validations(),
	}), nil
}

type brand struct {
	Brand
	face *endpoint.Face
}

// brandRoute is what differs between mobile and web: whether a token is for one
// device, and how long it lives. The tokens of one are not good on the other.
type brandRoute struct {
	*brand
	device bool
	tokens *jwt.Authority
}

func (b *brand) route(kind string, ttl time.Duration) (*brandRoute, error) {
	tokens, err := jwt.New(jwt.Config{
		Purpose: "wire/brand/" + kind, Issuer: "passwd", Keys: b.Keys, Live: b.Service.Live,
		TTL: cmp.Or(ttl, brandTTL), Now: b.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("wire: Brand, %s: %w", kind, err)
	}
	return &brandRoute{brand: b, tokens: tokens}, nil
}

func (b *brandRoute) changes() endpoint.Methods {
	return endpoint.Methods{"POST": endpoint.Post(b.face, b.decodeChange, b.change, endpoint.JSON[brandReply](http.StatusOK, jsonUTF8))}
}

func (b *brandRoute) validations() endpoint.Methods {
	return endpoint.Methods{"POST": endpoint.Post(b.face, b.decodeValidate, b.validate, endpoint.JSON[brandReply](http.StatusOK, jsonUTF8))}
}

type brandStatus struct {
	Success bool   `json:"success"`
	Code    int    `json:"code"`
	Message string `json:"message"`
}

type brandReply struct {
	Status     brandStatus `json:"status"`
	Auth       *brandAuth  `json:"auth,omitempty"`
	Violations []violation `json:"violations,omitempty"`
}

type brandAuth struct {
	Token string `json:"token"`
}

var brandDone = brandReply{Status: brandStatus{Success: true, Code: http.StatusOK, Message: "SUCCESS"}}

// brandRequest is any request of the format.
type brandRequest struct {
	kind, value, brand, device, password string
	token, next, confirm                 string // of a change
	faults                               error  // told once the brand is known
}

func (b *brandRoute) decodeValidate(body endpoint.Body) (in brandRequest, err error) {
	err = b.decode(body, &in, nil)
	return in, err
}

func (b *brandRoute) decodeChange(body endpoint.Body) (in brandRequest, err error) {
	err = b.decode(body, &in, []text{{"token", &in.token}, {"newPassword", &in.next}, {"confirmPassword", &in.confirm}})
	return in, err
}

func (b *brandRoute) decode(body endpoint.Body, in *brandRequest, more []text) error {
	fields := []text{{"identifierType", &in.kind}, {"identifierValue", &in.value}, {"brand", &in.brand}, {"password", &in.password}}
	if b.device {
		fields = append(fields, text{"deviceId", &in.device})
	}
	err := decode(body, append(fields, more...))
	if faults, ok := errors.AsType[jsonstrict.FieldErrors](err); ok && in.brand != "" {
		in.faults, err = fmt.Errorf("%w: %w", passwd.ErrInvalidRequest, faults), nil
	}
	return err
}

var brandKinds = map[string]passwd.LoginKind{
	"MOBILE": passwd.Mobile, "EMAIL": passwd.Email, "USERNAME": passwd.Username,
}

// login returns what a request names, once its brand has been found and its fields
// do fit.
func (b *brandRoute) login(r *http.Request, in brandRequest, from passwd.Client) (passwd.Login, error) {
	tenant, err := b.Clients.Brand(r.Context(), in.brand)
	if err := b.application(r.Context(), from, err, errBrandUnknown); err != nil {
		return passwd.Login{}, err
	}
	if in.faults != nil {
		return passwd.Login{}, in.faults
	}
	kind, known := brandKinds[in.kind]
	if !known {
		return passwd.Login{}, errBrandKind
	}
	return passwd.Login{Tenant: tenant, Kind: kind, Value: in.value}, nil
}

// bound is what a token is good for, beside its route, purpose and epoch.
func (b *brandRoute) bound(l passwd.Login, in brandRequest) []string {
	return []string{l.Tenant, string(l.Kind), passwd.Fold(l.Value), in.device}
}

func (b *brandRoute) validate(_ http.ResponseWriter, r *http.Request, in brandRequest) (brandReply, error) {
	from := b.face.Client(r)
	login, err := b.login(r, in, from)
	if err != nil {
		return brandReply{}, err
	}
	who, err := b.Service.SignIn(r.Context(), passwd.SignIn{Login: login, Password: in.password, Client: from})
	if err != nil {
		return brandReply{}, nobody(err)
	}
	token, err := b.tokens.Issue(who, b.bound(login, in)...)
	reply := brandDone
	reply.Auth = &brandAuth{string(token)}
	return reply, err
}

func (b *brandRoute) change(_ http.ResponseWriter, r *http.Request, in brandRequest) (brandReply, error) {
	from := b.face.Client(r)
	login, err := b.login(r, in, from)
	if err != nil {
		return brandReply{}, err
	}
	// A token proves that the password was right a while ago. An account that must
	// change its password since then may do so.
	_, err = b.tokens.Verify(r.Context(), in.token, b.bound(login, in)...)
	if err != nil && !errors.Is(err, passwd.ErrChangeRequired) {
		return brandReply{}, err
	}
	if in.next != in.confirm {
		return brandReply{}, errBrandConfirm
	}
	_, err = b.Service.ChangeByLogin(r.Context(), passwd.ChangeByLogin{
		Login: login, Current: in.password, New: in.next, Always: true, Client: from,
	})
	return brandDone, nobody(err)
}

// nobody turns a login that cannot be anybody's into one that is nobody's: to the
// description its text is well formed.
func nobody(err error) error {
	if errors.Is(err, passwd.ErrInvalidRequest) {
		return passwd.ErrWrongCredentials
	}
	return err
}

var (
	errBrandUnknown = &refusal{
		reply: reply{http.StatusForbidden, "", "The brand is unknown or not enabled for passwords."}, cause: passwd.ErrUnauthenticated,
	}
	errBrandKind = &refusal{
		reply: reply{http.StatusBadRequest, "", "identifierType is not MOBILE, EMAIL or USERNAME."}, cause: passwd.ErrInvalidRequest,
	}
	errBrandConfirm = &refusal{
		reply: reply{http.StatusBadRequest, "", "newPassword and confirmPassword are not the same."}, cause: passwd.ErrInvalidRequest,
	}
)

// brandWrong is the one answer to whatever was wrong with who asks.
var brandWrong = reply{http.StatusUnauthorized, "", "The token or the credentials are not valid."}

var brandReplies = table{
	passwd.CodeWrongCredentials:       brandWrong,
	passwd.CodeUnauthenticated:        brandWrong,
	passwd.CodeWrongPassword:          brandWrong,
	passwd.CodeInvalidToken:           brandWrong,
	passwd.CodePasswordChangeRequired: {http.StatusForbidden, "", "The password must be changed first."},
	passwd.CodeSecondFactorRequired:   {http.StatusForbidden, "", "A second factor is required."},
	passwd.CodeNoChangeNeeded:         {http.StatusConflict, "", "The password need not be changed."},
	passwd.CodeConflict:               {http.StatusConflict, "", "The account has changed in the meantime. Try again."},
	passwd.CodePasswordRejected:       {http.StatusBadRequest, "", "The new password cannot be used."},
	passwd.CodeInvalidRequest:         {http.StatusBadRequest, "", "The request is malformed."},
	passwd.CodeRateLimited:            {http.StatusTooManyRequests, "", "There were too many requests. Try again later."},
	passwd.CodeBusy:                   {http.StatusServiceUnavailable, "", "The server is busy. Try again in a moment."},
	passwd.CodeUnavailable:            {http.StatusServiceUnavailable, "", "This does not work right now. Try again later."},
	passwd.CodeInternal:               {http.StatusInternalServerError, "", "Something went wrong."},
	endpoint.CodeCrossOrigin:          {http.StatusForbidden, "", "The request comes from another site."},
	endpoint.CodeNotFound:             {http.StatusNotFound, "", "There is nothing at this address."},
	endpoint.CodeMethodNotAllowed:     {http.StatusMethodNotAllowed, "", "This address takes POST only."},
	endpoint.CodeTooLarge:             {http.StatusRequestEntityTooLarge, "", "The request is too large."},
	endpoint.CodeUnsupportedMediaType: {http.StatusUnsupportedMediaType, "", "The request must be application/json."},
}

func (b *brand) fail(w http.ResponseWriter, r *http.Request, code passwd.Code, err error) {
	row, own := brandReplies.row(code, err)
	if row == brandWrong {
		code = passwd.CodeWrongCredentials // one message in every language
	}
	lang := printer(b.Localize, w, r)
	message := row.sentence(lang, code, own)
	if faults, ok := errors.AsType[jsonstrict.FieldErrors](err); ok {
		message = faults[0].Field + ": " + faultSentence(lang, faults[0].Fault)
	}
	challenge(w, row, own)
	endpoint.WriteJSON(w, row.status, jsonUTF8, brandReply{
		Status: brandStatus{Code: row.status, Message: message}, Violations: violations(lang, "", err),
	})
}

package wire

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/internal/jsonstrict"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/session/jwt"
)

// SignIn is the format of a change in order to sign in. Its routes are, all JSON and
// without a header that identifies the caller,
//
//	POST changePasswordAfterSignin   username, old_password, new_password,
//	                                 session_information, stay_logged_in (optional)
//	POST IamLoggedIn                 session_token, session_information (optional)
//
// Contract: the fields and their bounds, which count characters; the reply to a
// success, {"token":JWT} and with stay_logged_in "session_token"; the claims and
// the hour of the JWT; the three documented errors; IamLoggedIn from the publisher's
// neighbouring page. Our choice: a claim "epoch", so that a JWT ends with the
// password; keys of its own, so that no other format's token verifies; that
// not_activated and no_password_change_needed_for_user are told only after the
// right password; validation_failed with "errors", password_rejected with
// "violations", and the codes of the JSON API for other refusals; that an empty
// password is a missing one.
//
// Set passwd.Config.Admit where accounts have a second factor: they get
// username_or_password_incorrect here, and no token.
type SignIn struct {
	Config

	// Base is the path below which the routes are, "/api/auth" in the description. If
	// "", they begin at the root, as behind http.StripPrefix.
	Base string
	// Tenant is whose accounts requests are about.
	Tenant string
	// Issuer is the claim "iss", "lumen-jwt" in the description. Required.
	Issuer string
	// Keys are the service's. The key that signs JWTs is derived from them, for this
	// format and tenant alone. Required.
	Keys passwd.Keys
	// Sessions opens what stay_logged_in keeps open. Its access tokens are the
	// session tokens, which the format never renews: give it an AccessTTL as long as
	// people should stay signed in. If nil, stay_logged_in has no effect, and no
	// session token is good.
	Sessions *session.Manager
	// Now is the clock. If nil, time.Now.
	Now func() time.Time

	// Localize makes texts follow Accept-Language. If false they are the documented
	// ones: clients compare them.
	Localize bool
}

// signInClient is what the sessions of this format are known by.
const signInClient = "wire/signin"

// Handler returns the handler of the format.
func (c SignIn) Handler() (http.Handler, error) {
	tokens, err := c.Tokens()
	if err != nil {
		return nil, err
	}
	s := &signIn{SignIn: c, tokens: tokens}
	s.face = c.face([]string{typeJSON}, nil, s.fail)
	return s.face.Routes(below(c.Base), map[string]endpoint.Methods{
		"changePasswordAfterSignin": {"POST": endpoint.Post(s.face, decodeSignIn, s.change, endpoint.JSON[signInReply](http.StatusOK, jsonUTF8))},
		"IamLoggedIn":               {"POST": endpoint.Post(s.face, decodeLoggedIn, s.loggedIn, endpoint.JSON[loggedInReply](http.StatusAccepted, jsonUTF8))},
	}), nil
}

// Authenticate returns a function that tells who the JWT in a request's
// Authorization: Bearer belongs to, for the host's own API to accept them. Its error
// is passwd.ErrUnauthenticated for an invalid token, or passwd.ErrEnded for one that
// is no longer good.
func (c SignIn) Authenticate() (func(*http.Request) (Principal, error), error) {
	tokens, err := c.Tokens()
	if err != nil {
		return nil, err
	}
	return func(r *http.Request) (Principal, error) {
		token, ok := bearerToken(r)
		if !ok {
			return Principal{}, passwd.ErrUnauthenticated
		}
		claims, err := tokens.Verify(r.Context(), token)
		if err != nil {
			return Principal{}, err
		}
		return Principal{Account: passwd.Ref{Tenant: c.Tenant, ID: claims.Account.ID}, Epoch: claims.Epoch, checked: true}, nil
	}, nil
}

// Tokens returns what makes and checks the JWTs of the format, for a host that
// hands the key to other programs. The tokens name no tenant, nor do the claims
// that it returns: the key belongs to Tenant.
func (c SignIn) Tokens() (*jwt.Authority, error) {
	if err := c.validate("SignIn", c.Base); err != nil {
		return nil, err
	}
	a, err := jwt.New(jwt.Config{
		Purpose: purpose("signin", c.Tenant), Issuer: c.Issuer, Keys: c.Keys, TTL: time.Hour, Now: c.Now,
		NumericSubject: true, Minimal: true,
		Live: func(ctx context.Context, r passwd.Ref, epoch int64) (passwd.Reason, error) {
			return c.Service.Live(ctx, passwd.Ref{Tenant: c.Tenant, ID: r.ID}, epoch)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("wire: SignIn: %w", err)
	}
	return a, nil
}

type signIn struct {
	SignIn
	face   *endpoint.Face
	tokens *jwt.Authority
}

type signInReply struct {
	Token        string `json:"token"`
	SessionToken string `json:"session_token,omitempty"`
}

type signInRequest struct {
	username, current, next string
	information             *string
	stay                    *bool
}

func decodeSignIn(b endpoint.Body) (in signInRequest, err error) {
	err = decode(b, []text{{"username", &in.username}, {"old_password", &in.current}, {"new_password", &in.next}},
		jsonstrict.OptionalString("session_information", &in.information), jsonstrict.OptionalBool("stay_logged_in", &in.stay))
	return in, errors.Join(err, bounded("username", &in.username), bounded("session_information", in.information))
}

// maxText is the most characters that a text of the format may have.
const maxText = 190

// lengthError names a field whose text is too long, or empty.
type lengthError struct{ field string }

func (e lengthError) Error() string {
	return fmt.Sprintf("%s has less than 1 or more than %d characters", e.field, maxText)
}

// bounded checks a text that is there; that one is missing is told otherwise.
func bounded(field string, value *string) error {
	switch {
	case value == nil, *value == "" && field == "username":
		return nil
	case *value == "" || utf8.RuneCountInString(*value) > maxText:
		return lengthError{field}
	}
	return nil
}

func (s *signIn) change(_ http.ResponseWriter, r *http.Request, in signInRequest) (signInReply, error) {
	from := s.face.Client(r)
	written, err := s.Service.ChangeByLogin(r.Context(), passwd.ChangeByLogin{
		Login:   passwd.Login{Tenant: s.Tenant, Value: in.username},
		Current: in.current, New: in.next, Client: from,
	})
	if err != nil {
		return signInReply{}, nobody(err)
	}
	who := passwd.SignedIn{Account: written.Account, Epoch: written.Epoch}
	token, err := s.issue(who)
	if err != nil || s.Sessions == nil || in.stay == nil || !*in.stay {
		return signInReply{Token: token}, err
	}
	info := session.Info{Client: signInClient, From: from}
	if in.information != nil {
		info.DeviceName = *in.information
	}
	pair, err := s.Sessions.Start(r.Context(), who, info)
	if errors.Is(err, passwd.ErrEnded) {
		err = passwd.ErrConflict // somebody else has changed the password since
	}
	return signInReply{Token: token, SessionToken: string(pair.Access)}, err
}

func (s *signIn) issue(who passwd.SignedIn) (string, error) {
	who.Account.Tenant = ""
	token, err := s.tokens.Issue(who)
	return string(token), err
}

type loggedInRequest struct {
	token       string
	information *string
}

type loggedInReply struct {
	Message string `json:"msg"`
	Token   string `json:"token"`
}

func decodeLoggedIn(b endpoint.Body) (in loggedInRequest, err error) {
	err = decode(b, []text{{"session_token", &in.token}}, jsonstrict.OptionalString("session_information", &in.information))
	return in, errors.Join(err, bounded("session_information", in.information))
}

func (s *signIn) loggedIn(_ http.ResponseWriter, r *http.Request, in loggedInRequest) (loggedInReply, error) {
	if s.Sessions == nil {
		return loggedInReply{}, passwd.ErrEnded
	}
	open, err := s.Sessions.Check(r.Context(), in.token)
	if err != nil {
		return loggedInReply{}, err
	}
	if open.Client != signInClient || open.Account.Tenant != s.Tenant {
		return loggedInReply{}, passwd.ErrEnded // another format's token
	}
	token, err := s.issue(passwd.SignedIn{Account: open.Account, Epoch: open.Epoch})
	return loggedInReply{"Session token is good", token}, err
}

// The documented replies.
var (
	signInWrong    = reply{http.StatusBadRequest, "username_or_password_incorrect", "Username or password is wrong"}
	signInEnded    = reply{http.StatusBadRequest, "session_token_incorrect", "You have been logged out of this session or this session token is incorrect"}
	signInInactive = &refusal{reply: reply{http.StatusBadRequest, "not_activated", "Account is not activated"}}
)

var signInReplies = table{
	passwd.CodeWrongCredentials:       signInWrong,
	passwd.CodeSecondFactorRequired:   signInWrong,
	passwd.CodeWrongPassword:          signInWrong,
	passwd.CodeUnauthenticated:        signInEnded,
	passwd.CodePasswordChangeRequired: signInEnded,
	passwd.CodeInvalidToken:           signInEnded,
	passwd.CodeNoChangeNeeded:         {http.StatusBadRequest, "no_password_change_needed_for_user", "User does not need to change his password"},
	passwd.CodeConflict:               {http.StatusConflict, "conflict", "The account has changed in the meantime. Try again."},
	passwd.CodePasswordRejected:       {http.StatusBadRequest, "password_rejected", "The new password cannot be used"},
	passwd.CodeInvalidRequest:         {http.StatusBadRequest, "malformed_request", "The request is malformed"},
	passwd.CodeRateLimited:            {http.StatusTooManyRequests, "rate_limited", "There were too many requests. Try again later."},
	passwd.CodeBusy:                   {http.StatusServiceUnavailable, "busy", "The server is busy. Try again in a moment."},
	passwd.CodeUnavailable:            {http.StatusServiceUnavailable, "unavailable", "This does not work right now. Try again later."},
	passwd.CodeInternal:               {http.StatusInternalServerError, "internal", "Something went wrong"},
	endpoint.CodeCrossOrigin:          {http.StatusForbidden, "cross_origin", "The request comes from another site"},
	endpoint.CodeNotFound:             {http.StatusNotFound, "not_found", "There is nothing at this address"},
	endpoint.CodeMethodNotAllowed:     {http.StatusMethodNotAllowed, "method_not_allowed", "This address takes POST only"},
	endpoint.CodeTooLarge:             {http.StatusRequestEntityTooLarge, "too_large", "The request is too large"},
	endpoint.CodeUnsupportedMediaType: {http.StatusUnsupportedMediaType, "unsupported_media_type", "The request must be application/json"},
}

type signInError struct {
	Message    string              `json:"msg"`
	Code       string              `json:"error_code"`
	Errors     map[string][]string `json:"errors,omitempty"`
	Violations []violation         `json:"violations,omitempty"`
}

func (s *signIn) fail(w http.ResponseWriter, r *http.Request, code passwd.Code, err error) {
	row, own := signInReplies.row(code, err)
	if row == signInWrong {
		code = passwd.CodeWrongCredentials // one message in every language
	}
	lang := printer(s.Localize, w, r)
	reply := signInError{Errors: signInFaults(lang, err), Violations: violations(lang, "", err)}
	switch {
	case reply.Errors != nil:
		row.name, row.text = "validation_failed", "The given data is not valid"
	case errors.Is(err, passwd.ErrNotActivated): // told only after the right password
		row, own = signInInactive.reply, signInInactive
	}
	reply.Message, reply.Code = row.sentence(lang, code, own), row.name
	challenge(w, row, own)
	endpoint.WriteJSON(w, row.status, jsonUTF8, reply)
}

// signInFaults returns what is wrong with the fields of a well-formed object, nil
// if nothing is.
func signInFaults(p locale.Printer, err error) map[string][]string {
	all := map[string][]string{}
	if faults, ok := errors.AsType[jsonstrict.FieldErrors](err); ok {
		for _, f := range faults {
			all[f.Field] = []string{faultSentence(p, f.Fault)}
		}
	}
	for _, field := range []string{"username", "session_information"} {
		if _, told := all[field]; !told && errors.Is(err, lengthError{field}) {
			all[field] = []string{fmt.Sprintf("This field must have 1 to %d characters.", maxText)}
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

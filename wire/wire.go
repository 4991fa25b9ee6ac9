package wire

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/pwpolicy"
)

// Config is what all formats have in common. Service is required; the zero value
// of every other field is the safe default. Its functions are called
// concurrently.
type Config struct {
	Service *passwd.Service

	// ClientAddr tells where a request comes from: limits count by it, and notices
	// tell it to the owner of an account. If nil, the other end of the connection;
	// behind proxies, use passwdhttp.TrustedProxies.
	ClientAddr func(*http.Request) netip.Addr
	// RequestID names a request in events. If nil, none has a name.
	RequestID func(*http.Request) string
	// CrossOrigin decides which requests of other sites pass. If nil, none do;
	// requests without Origin and Sec-Fetch-Site, such as those of apps and
	// servers, always pass.
	CrossOrigin *http.CrossOriginProtection
}

// Principal is who is signed in, as in package passwdhttp.
type Principal struct {
	Account passwd.Ref // without an ID: nobody
	Epoch   int64      // that the session or token was stamped with
	Session string     // that is to survive a change, where the store keeps sessions

	checked bool // the epoch has been compared in this request, by an Authenticate of this package
}

// reply is what a format answers to one code.
type reply struct {
	status int
	name   string // of the error, where the format names errors beside the status
	text   string // in English
}

// table has a row for each code of package endpoint, but for some conflicts.
type table map[passwd.Code]reply

// conflicts are codes that are all one to the formats.
var conflicts = []passwd.Code{passwd.CodeLoginTaken, passwd.CodeHasPassword, passwd.CodeNoPassword, passwd.CodeUndeliverable}

// of returns the row of a code.
func (t table) of(code passwd.Code) reply {
	if slices.Contains(conflicts, code) {
		code = passwd.CodeConflict
	}
	if row, known := t[code]; known {
		return row
	}
	return t[passwd.CodeInternal]
}

// refusal is an error that a format tells apart although the service does not. It
// is no more than a row of its own.
type refusal struct {
	reply
	challenge string // WWW-Authenticate of a 401, where it is not the format's usual one
	cause     error  // the nearest error of the service
}

func (e *refusal) Error() string { return "passwd: wire: " + e.text }
func (e *refusal) Unwrap() error { return e.cause }

// row returns the reply to an error, and the refusal that it is, if it is one.
func (t table) row(code passwd.Code, err error) (reply, *refusal) {
	if own, ok := errors.AsType[*refusal](err); ok {
		return own.reply, own
	}
	return t.of(code), nil
}

const (
	jsonUTF8 = "application/json; charset=utf-8"

	bearerChallenge    = `Bearer realm="password"`
	badBearerChallenge = `Bearer realm="password", error="invalid_token"`
)

// face makes the endpoints' common ground. Refusals of a cross-origin request, a
// method, a type or a size come before anything of a format's own.
func (c Config) face(accept []string, header map[string]string, fail func(http.ResponseWriter, *http.Request, passwd.Code, error)) *endpoint.Face {
	return &endpoint.Face{
		Service: c.Service, Fail: fail, Accept: accept, Header: header,
		CrossOrigin: c.CrossOrigin, ClientAddr: c.ClientAddr, RequestID: c.RequestID,
	}
}

// validate checks what every format needs.
func (c Config) validate(format, base string) error {
	if c.Service == nil {
		return fmt.Errorf("wire: %s.Service is required", format)
	}
	if base != "" && !strings.HasPrefix(base, "/") {
		return fmt.Errorf("wire: %s.Base must be a path that begins with a slash, or \"\"", format)
	}
	return nil
}

// below returns the prefix of the routes of a format.
func below(base string) string { return strings.TrimRight(base, "/") + "/" }

// purpose names what the JWTs of a format and tenant are for: the keys that sign
// them are derived for it, so that no other's verify.
func purpose(format, tenant string) string {
	sum := sha256.Sum256([]byte(tenant))
	return "wire/" + format + "/" + hex.EncodeToString(sum[:8])
}

// asked is the outcome of a question to a host's function: an error that package
// passwd does not know is the failure of something that the host depends on.
func (c Config) asked(ctx context.Context, about string, err error) error {
	if err == nil || endpoint.CodeOf(err) != passwd.CodeInternal {
		return err
	}
	c.Service.Observe(ctx, passwd.Event{Name: passwd.EventUnavailable, Outcome: "failure", Reason: about, Err: err})
	return fmt.Errorf("%w: %w", passwd.ErrUnavailable, err)
}

// application is the outcome of a question to Clients: refused is the format's
// reply to an unknown application.
func (c Config) application(ctx context.Context, from passwd.Client, err error, refused *refusal) error {
	if errors.Is(err, ErrUnknownClient) {
		c.Service.Observe(ctx, passwd.Event{Name: passwd.EventInputRejected, Outcome: "failure", Reason: "unknown_client", Client: from})
		return refused
	}
	return c.asked(ctx, "clients", err)
}

// printer returns the language of the reply to an error: English, unless a format
// is to follow Accept-Language.
func printer(follow bool, w http.ResponseWriter, r *http.Request) locale.Printer {
	if !follow {
		return locale.Match()
	}
	p := locale.Match(r.Header.Get("Accept-Language"))
	w.Header().Set("Content-Language", p.Language())
	w.Header().Add("Vary", "Accept-Language")
	return p
}

const english = "en"

// sentence returns the text of a row in the printer's language. What only the
// format's description says has no translation.
func (row reply) sentence(p locale.Printer, code passwd.Code, own *refusal) string {
	if own != nil || p.Language() == english {
		return row.text
	}
	_, detail := p.Problem(code)
	return detail
}

// violation is how formats list the violations of a policy, besides their
// documented members.
type violation struct {
	Field   string         `json:"field,omitempty"`
	Code    pwpolicy.Code  `json:"code"`
	Message string         `json:"message"`
	Params  map[string]any `json:"params"` // never null
}

// violations returns nil for any error but a rejected password.
func violations(p locale.Printer, field string, err error) []violation {
	rejected, ok := errors.AsType[*passwd.PolicyError](err)
	if !ok {
		return nil
	}
	var all []violation
	for _, v := range rejected.Violations {
		params := v.Params
		if params == nil {
			params = map[string]any{}
		}
		all = append(all, violation{field, v.Code, p.Violation(v), params})
	}
	return all
}

package passwdhttp

import (
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/netip"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/session"
)

// Config is what the handlers of this package are made of. Service is required;
// the zero value of every other field is the safe default. Its functions are
// called concurrently.
type Config struct {
	Service *passwd.Service

	// Authenticate tells who is signed in, from the host's cookie or bearer token.
	// Nobody is the zero Principal or passwd.ErrUnauthenticated. The handlers
	// compare the epoch (passwd.Service.Live), so it need not; [Checked] makes the
	// Principal of a session whose epoch has been compared. Another error of
	// package passwd is answered as such, any other as unavailable. If nil, nobody
	// is ever signed in: resets work, changes do not.
	Authenticate func(*http.Request) (Principal, error)

	// Renew re-issues the caller's own session after a change, with the new epoch
	// and under a new id: the old epoch is dead, and so is everything stamped with it.
	// It is called after the write and before the reply, and may set cookies. What it
	// writes is the reply of the API, in place of 204: new tokens for an app, say; the
	// pages write nothing of it. The password has then been changed, so its error is an
	// event (after_write.failed) and not the reply: the caller has to sign in again. If nil,
	// that is so after every change, unless the store has kept Principal.Session, which the
	// pages find out if they have Sessions.
	Renew func(http.ResponseWriter, *http.Request, passwd.Written) error

	// Tenant tells which tenant a request is for: typed logins are those of its
	// accounts, and a link, code, cookie or session of another tenant opens nothing
	// here. If nil, logins belong to the tenant "", and the rest say whose they are.
	Tenant func(*http.Request) string

	// ClientAddr tells where a request comes from: limits count by it, and notices
	// tell it to the owner of an account. If nil, the other end of the connection;
	// behind proxies, use [TrustedProxies].
	ClientAddr func(*http.Request) netip.Addr

	// RequestID names a request in events. If nil, none has a name.
	RequestID func(*http.Request) string

	// CrossOrigin decides which requests of other sites pass. A host that already has
	// an instance passes the same one: two instances do not share trusted origins. If
	// nil, only GET and HEAD do.
	CrossOrigin *http.CrossOriginProtection

	// Locale returns the preferred language of a request, as a BCP 47 tag: from the
	// user's profile or a cookie. If nil, or for "", Accept-Language decides. Texts
	// follow it, codes do not; see package locale for the languages. So do messages to an
	// account that has no language of its own (passwd.Client.Locale).
	Locale func(*http.Request) string

	// Challenge is the WWW-Authenticate of every 401. If "", it is
	// `Bearer realm="password"`. Basic and Digest would make browsers ask for a
	// password in a dialog of their own.
	Challenge string

	// SignUp opens two routes of the API for the host's own form of a new account:
	// signup/check judges a password while it is typed, by what has been typed beside
	// it, and signup/policy says what is asked for. They are for everybody, are bounded
	// by the client network (passwd.Limits.Checks), and read no account. If false, there
	// are no such routes.
	SignUp bool
	// PasswordField is the member of the host's own requests that has the new password:
	// [Fail] points to it where the policy has rejected one. If "", it is new_password,
	// as in the API.
	PasswordField string

	// SignOut ends the session of a request, as the host's own sign-out does, and may
	// set cookies. It is offered to somebody who opens a link for one account while
	// signed in as another, on the page of devices beside a ready sign-in, and as POST
	// signout of the API. If nil, the pages only say that another account is signed in.
	SignOut func(http.ResponseWriter, *http.Request) error

	// Resume starts a session after a forced change with the ticket of [BeginForced],
	// in place of the sign-in that the change interrupted: the holder of the ticket
	// gave the password, and the second factor if the host checks one before
	// passwd.Service.Ticket, and has now set the new password. The browser then
	// continues to where it was going. Its error is an event (after_write.failed), and
	// they sign in. If nil, they sign in with the new password (F4).
	Resume func(http.ResponseWriter, *http.Request, passwd.Written) error

	// SignedIn turns on the ready sign-in: the page signin, and POST signin of the API.
	// It begins the host's session for who has signed in, and may set cookies; in is as
	// passwd.Service.SignIn has answered, of an account that need not change its password.
	// Who must gets a ticket and goes to the forced change, and no session. What it writes
	// is the reply of the API, in place of 204: tokens for an app, say; the page leads on
	// to the parameter next ([SafeNext]), else to HomeURL, and writes nothing of it. The
	// browser becomes known to the account ([KeepDevice]). An error of package passwd is
	// answered as such, any other as unavailable. If nil, there is no sign-in here.
	// [CookieSessions] has one.
	//
	// Whatever was wrong with login or password, the answer is one and the same, after
	// the same work, but for who knows the right password of an account that is not
	// activated, or a temporary one that has expired: the page tells them.
	SignedIn func(w http.ResponseWriter, r *http.Request, in passwd.SignedIn) error

	// Envelope gives the errors of the API, and of [Fail], a shape of the host's own. The
	// zero Envelope is problems (RFC 9457).
	Envelope Envelope

	// What follows is for the pages. URLs are paths on the origin, as "/sign-in",
	// of no empty or dot segments; SignInURL alone may be on another origin.

	// Name is what the site is called, and Logo the image beside it. If Logo is "",
	// there is none.
	Name, Logo string
	// Accent is the colour of links and buttons, as "#rrggbb": that of
	// locale.RenderConfig.Accent, for pages that look like the mails. Where it could not be
	// read, it is darkened, or lightened in the dark scheme, as far as it must. If "", a blue.
	Accent string
	// Stylesheet comes after that of the pages. Colours are custom properties: those
	// of assets/style.css that begin with --passwd-.
	Stylesheet string
	// Templates overrides templates; see [View]. If nil, none. What has no effect in it
	// is an error of Pages.
	Templates fs.FS
	// Funcs are what Templates may call besides the functions of package html/template.
	Funcs template.FuncMap
	// Data is what the host's own layout shows on a page: View.Data. It is called once for
	// each page, after everything else, and may read the request alone. Pages calls it
	// as well, to try Templates, with a request that nobody has sent; should it panic
	// there, what depends on it is not tried. If nil, there is no data.
	Data func(*http.Request) any
	// FormFields are hidden fields that the host's middleware looks for in every form, such
	// as a CSRF token of nosurf or gorilla/csrf. If nil, none: the pages need none, since
	// they look at where a request comes from.
	FormFields func(*http.Request) []Hidden
	// SignInURL is where people sign in. It is given the parameter next, which leads
	// back. If "", it is the page signin, with SignedIn; else the pages say that a sign-in
	// is needed, but not where.
	SignInURL string
	// SecondFactorURL is the host's page that the sign-in leads to if Config.Admit of the
	// service has answered passwd.ErrSecondFactor: it asks for the second factor of who is
	// [HalfSignedIn], and calls [FinishSignIn]. If "", such a sign-in goes no further on
	// the pages.
	SecondFactorURL string
	// HomeURL is where the logo and "Continue" lead. If "", "/".
	HomeURL string
	// AfterChange and AfterReset are where a browser is sent after a change and
	// after a reset, by the page that says what has been done. They may redirect to
	// another origin. If "", it stays on that page.
	AfterChange, AfterReset string
	// LoginKind is what people sign in with, where that is one kind: forms that ask for
	// a login then ask for, say, an email address, accept nothing else, and pages name
	// an account by it. If "", it is the one kind that the store has a column for, if it has
	// only one (passwd.Service.LoginKinds); else any login is accepted, and forms name the
	// kinds that there are.
	LoginKind passwd.LoginKind
	// ConfirmField makes people type new passwords twice, which makes sense where few
	// have JavaScript, and so no button that shows what was typed.
	ConfirmField bool
	// InsecureCookies makes the pages, and KeepDevice, keep tokens in cookies without Secure and the
	// prefix __Host- although Links.Base is https, or http of a loopback host. It is
	// for two cases: tenants whose base (Links.For) is plain http of another host,
	// where browsers drop Secure cookies, and development in a browser that drops them
	// on http://localhost too, as Safari has done. Anyone on the network path can read
	// them, and every subdomain can set them. Where Links.Base itself is plain http of
	// another host, Links.InsecureHTTP has already accepted that, and cookies are
	// insecure in any case.
	InsecureCookies bool
	// Sessions makes the pages and the API list the devices on which an account is signed
	// in, and end those that its owner does not recognize: it is the *session.Manager that
	// the host signs in with, or what stands for the host's own sessions.
	// Principal.Session tells which of them is asking. If nil, there is no such page.
	//
	// Neither asks for a password: what they end, they do not open. A host that wants
	// a fresh sign-in for it (ASVS 7.5.2) requires that in Authenticate, or in a
	// handler around the paths devices.
	Sessions Sessions

	accounts passwd.Accounts // with CookieSessions: where the pages find names; may be nil
}

// Principal is who is signed in.
type Principal struct {
	Account passwd.Ref // without an ID: nobody
	Epoch   int64      // that the session or token was stamped with
	Session string     // that is to survive a change, where the store keeps sessions
	// Username is what they sign in with. The page that changes a password shows it,
	// so that password managers file the new password under it. If "", it does not.
	Username string

	checked bool          // by Checked: the epoch has been compared in this request
	must    passwd.Reason // and this is what was found with it
}

// Checked returns the Principal of what session.Manager.Check has answered in the same
// request, for Config.Authenticate. That has compared the epochs, so the handlers do
// not ask passwd.Service.Live again. Who must change their password is let through, to
// do just that. It must not be kept for other requests.
//
//	return passwdhttp.Checked(manager.Check(r.Context(), token))
func Checked(s session.Session, err error) (Principal, error) {
	if err != nil && !(errors.Is(err, passwd.ErrChangeRequired) && s.Must != passwd.NoReason) {
		return Principal{}, err
	}
	return Principal{Account: s.Account, Epoch: s.Epoch, Session: s.ID, checked: true, must: s.Must}, nil
}

const defaultChallenge = `Bearer realm="password"`

// apiHeader is for browsers that are led to a reply of the API as to a page
// (ASVS 3.4.5, 3.4.6). The pages have another.
var apiHeader = map[string]string{
	"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	"Referrer-Policy":         "no-referrer",
}

// apiFace is the face of replies that are problems or data.
func (c Config) apiFace() *endpoint.Face {
	f := c.face()
	f.Header = apiHeader
	return f
}

// face makes what the endpoints have in common.
func (c Config) face() *endpoint.Face {
	return &endpoint.Face{
		Service:     c.Service,
		Fail:        c.problem(newPassword),
		Accept:      []string{"application/json"},
		CrossOrigin: c.CrossOrigin,
		ClientAddr:  c.ClientAddr,
		RequestID:   c.RequestID,
		Locale:      c.Locale,
	}
}

// problem answers errors with problems that point to where the new password is.
func (c Config) problem(pointer string) func(http.ResponseWriter, *http.Request, passwd.Code, error) {
	challenge := c.Challenge
	if challenge == "" {
		challenge = defaultChallenge
	}
	return func(w http.ResponseWriter, r *http.Request, code passwd.Code, err error) {
		p := problemOf(w, c.printer(w, r), challenge, pointer, code, err)
		mediaType, body := c.Envelope.body(r, p)
		endpoint.WriteJSON(w, p.Status, mediaType, body)
	}
}

func (c Config) validate() error {
	if c.Service == nil {
		return errors.New("passwdhttp: Config.Service is required")
	}
	if c.SignedIn != nil && c.Authenticate == nil {
		return errors.New("passwdhttp: Config.SignedIn begins sessions, and Config.Authenticate, which is nil, would find none of them")
	}
	if m, ok := c.Sessions.(*session.Manager); ok && m == nil {
		return errors.New("passwdhttp: Config.Sessions is a nil *session.Manager: leave it out, or make one")
	}
	if strings.ContainsFunc(c.Challenge, func(r rune) bool { return r < ' ' || r > '~' }) {
		return errors.New("passwdhttp: Config.Challenge has characters that a header cannot have")
	}
	if base := c.Service.BasePath(); base != "" && !safePath(base) {
		return errors.New("passwdhttp: the path of the service's Links.Base has empty, . or .. segments, or a backslash")
	}
	return c.Envelope.validate()
}

// mustValidate is for the constructors without an error.
func (c Config) mustValidate() {
	if err := c.validate(); err != nil {
		panic(err)
	}
}

// printer returns who puts the reply into words, and says so in its headers.
func (c Config) printer(w http.ResponseWriter, r *http.Request) locale.Printer {
	words := c.speaker(r)
	w.Header().Set("Content-Language", words.Language())
	w.Header().Add("Vary", "Accept-Language")
	return words
}

// speaker is printer for words that are part of a reply.
func (c Config) speaker(r *http.Request) locale.Printer {
	preferences := r.Header.Values("Accept-Language")
	if c.Locale != nil {
		if own := c.Locale(r); own != "" {
			preferences = append([]string{own}, preferences...)
		}
	}
	return locale.Match(preferences...)
}

func (c Config) tenant(r *http.Request) string {
	if c.Tenant == nil {
		return ""
	}
	return c.Tenant(r)
}

// service is the service for the tenant of a request.
func (c Config) service(r *http.Request) *passwd.Service {
	if c.Tenant == nil {
		return c.Service
	}
	return c.Service.InTenant(c.Tenant(r))
}

// signedIn returns who is signed in and, unless it is "", why they may do nothing
// but change their password. ErrUnauthenticated if nobody is, ErrEnded if
// somebody was: the session is of an earlier epoch, or the account closed or
// suspended.
func (c Config) signedIn(r *http.Request) (Principal, passwd.Reason, error) {
	if c.Authenticate == nil {
		return Principal{}, "", passwd.ErrUnauthenticated
	}
	p, err := c.Authenticate(r)
	switch {
	case err != nil && passwd.CodeOf(err) == passwd.CodeInternal:
		c.Service.Observe(r.Context(), passwd.Event{Name: passwd.EventUnavailable, Outcome: "failure", Reason: "authenticate", Err: err})
		return Principal{}, "", fmt.Errorf("%w: %w", passwd.ErrUnavailable, err)
	case err != nil:
		return Principal{}, "", err
	case p.Account.ID == "":
		return Principal{}, "", passwd.ErrUnauthenticated
	}
	must, err := c.liveness(r, p)
	if err == nil && must == passwd.Compromised {
		err = passwd.ErrEnded
	}
	return p, must, err
}

// liveness is passwd.Service.Live, unless session.Manager.Check has compared the epoch.
// Its manager knows no tenants.
func (c Config) liveness(r *http.Request, p Principal) (passwd.Reason, error) {
	switch {
	case !p.checked:
		return c.service(r).Live(r.Context(), p.Account, p.Epoch)
	case c.Tenant != nil && p.Account.Tenant != c.Tenant(r):
		return "", passwd.ErrEnded
	}
	return p.must, nil
}

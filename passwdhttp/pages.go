package passwdhttp

import (
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/accent"
	"github.com/passwd-go/passwd/internal/endpoint"
)

// Pages returns the handler of the HTML pages, below the path of Links.Base,
// which it strips itself. They work without JavaScript; a small script makes them
// more convenient, using the [API] where that is mounted.
//
//	change             who is signed in: current and new password
//	forced             who must change it first: by the ticket of BeginForced, or signed in
//	devices            where an account is signed in, with Config.Sessions: ends what is not known
//	forgot             a login, to be sent a link; then forgot/sent
//	forgot/code        a login, to be sent a code; then reset/code, where it is typed
//	reset              where links lead: takes the token into a cookie and goes on to
//	reset/new          a new password
//	invite             where invitations lead: takes the token into a cookie and goes on to
//	invite/new         the first password
//	cancel             where "this was not me" leads: asks, and then locks the account
//	done               what has been done
//	signin             login and password, with Config.SignedIn
//	sign-out           who is signed in as somebody else, with Config.SignOut
//	reset/link, invite/link, cancel/link
//	                   take a token from the script, with Links.FragmentNeedsJavaScript
//	assets/            style sheet and script
//
// A page accepts only forms, and answers a form with a redirect within the mount to
// what has been done or, with status 422 and a list of what is wrong, with the form
// again. What the next page says travels in a sealed cookie. A form writes the
// account that it was shown for, or none. GET and HEAD change nothing on the server
// (I4): programs that open the links in a mail do no harm. Tokens are in no page and,
// after the first redirect, in no URL.
//
// Templates are parsed, and tried, here, so their errors are errors of the
// configuration.
func Pages(c Config) (http.Handler, error) {
	p, err := newPages(c)
	if err != nil {
		return nil, err
	}
	routes := p.routes()
	return unhide(p.mend(p.face.Routes(p.base, routes), routes)), nil
}

func newPages(c Config) (*pages, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	if err := c.validatePages(); err != nil {
		return nil, err
	}
	p := &pages{
		Config: c, base: c.Service.BasePath() + "/", face: c.face(),
		files: c.assets(), fragments: c.Service.Links().FragmentNeedsJavaScript,
	}
	p.LoginKind, p.asks = c.logins()
	p.face.Fail = p.fail
	p.face.Accept = []string{formType}
	p.face.Header = pageHeader
	for name, a := range p.files {
		if strings.HasSuffix(name, ".css") {
			p.style = p.base + a.path
		} else {
			p.script = p.base + a.path
		}
	}
	var err error
	if p.templates, err = parseTemplates(c.Templates, c.Funcs); err != nil {
		return nil, err
	}
	if err := p.tryTemplates(); err != nil {
		return nil, err
	}
	return p, nil
}

const formType = "application/x-www-form-urlencoded"

// pageHeader is on every page, redirect and asset. The policy on referrers lets
// the origin through: without it browsers send "Origin: null" with our own forms,
// which looks like another site's. Nothing inline is ever run.
var pageHeader = map[string]string{
	"Referrer-Policy": "strict-origin",
	"X-Robots-Tag":    "noindex",
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}

type pages struct {
	Config
	base          string // path of the mount, with a slash at its end
	face          *endpoint.Face
	templates     map[string]*template.Template // by the names of pages
	files         map[string]asset              // by their names
	style, script string                        // URLs
	asks          string                        // label of what people sign in with
	fragments     bool                          // links have their token behind a "#"
}

// routes are all that there is below the mount.
func (p *pages) routes() map[string]endpoint.Methods {
	paths := map[string]endpoint.Methods{
		"change":      {"GET": p.get(p.change), "POST": p.post(p.postChange)},
		"forced":      {"GET": p.get(p.forced), "POST": p.post(p.postForced)},
		"forgot":      {"GET": p.get(p.forgot), "POST": p.post(p.postForgot)},
		"forgot/sent": {"GET": p.get(p.sent)},
		"forgot/code": {"GET": p.get(p.forgotCode), "POST": p.post(p.postForgotCode)},
		"reset":       {"GET": p.get(p.takeToken(resetCookie, p.at("reset/new", "")))},
		"reset/new":   {"GET": p.get(p.setByToken(resetting)), "POST": p.post(p.postByToken(resetting))},
		"invite":      {"GET": p.get(p.takeToken(inviteCookie, p.at("invite/new", "")))},
		"invite/new":  {"GET": p.get(p.setByToken(accepting)), "POST": p.post(p.postByToken(accepting))},
		"reset/code":  {"GET": p.get(p.resetCode), "POST": p.post(p.postResetCode)},
		"cancel":      {"GET": p.get(p.cancel), "POST": p.post(p.postCancel)},
		"done":        {"GET": p.get(p.done)},
	}
	if p.SignOut != nil {
		paths["sign-out"] = endpoint.Methods{"POST": p.post(p.postSignOut)}
	}
	if p.SignedIn != nil {
		paths["signin"] = endpoint.Methods{"GET": p.get(p.signInPage), "POST": p.post(p.postSignIn)}
	}
	if p.Sessions != nil {
		paths["devices"] = endpoint.Methods{"GET": p.get(p.devices), "POST": p.post(p.postDevices)}
	}
	if p.fragments {
		maps.Copy(paths, p.fragmentRoutes())
	}
	for _, a := range p.files {
		paths[a.path] = endpoint.Methods{"GET": a}
	}
	return paths
}

func (p *pages) get(call func(http.ResponseWriter, *http.Request) (reply, error)) http.Handler {
	return endpoint.Get(p.face, p.noted(call), p.send)
}

func (p *pages) post(call func(http.ResponseWriter, *http.Request, values) (reply, error)) http.Handler {
	return endpoint.Post(p.face, decodeForm, call, p.send)
}

// at returns the location of a page.
func (p *pages) at(page, query string) string { return location(p.base+page, query) }

// signIn returns where people sign in, to be led on to next; "" if nobody knows.
func (c Config) signIn(next string) string {
	at := c.signInAt()
	if at == "" || next == "" {
		return at
	}
	u, err := url.Parse(at)
	if err != nil {
		return at // unreachable: it has been validated
	}
	query := u.Query()
	query.Set("next", next)
	u.RawQuery = query.Encode()
	return u.String()
}

// signInAt is where people sign in, if that is known: on the page here unless the host
// has one.
func (c Config) signInAt() string {
	if c.SignInURL == "" && c.SignedIn != nil {
		return location(c.Service.BasePath()+"/signin", "")
	}
	return c.SignInURL
}

func (p *pages) home() string {
	if p.HomeURL == "" {
		return "/"
	}
	return p.HomeURL
}

func (c Config) validatePages() error {
	for _, f := range []struct{ name, path string }{
		{"HomeURL", c.HomeURL}, {"AfterChange", c.AfterChange}, {"AfterReset", c.AfterReset},
		{"Logo", c.Logo}, {"Stylesheet", c.Stylesheet},
		{"SecondFactorURL", c.SecondFactorURL},
	} {
		if f.path != "" && !safeNext(f.path) {
			return errors.New("passwdhttp: Config." + f.name + " must be a path on the origin, without empty or dot segments")
		}
	}
	if c.SecondFactorURL != "" && c.SignedIn == nil {
		return errors.New("passwdhttp: Config.SecondFactorURL is for the ready sign-in, which Config.SignedIn turns on")
	}
	if _, err := accent.Parse(c.Accent); c.Accent != "" && err != nil {
		return fmt.Errorf("passwdhttp: Config.Accent %w", err)
	}
	if c.Logo != "" && c.Name == "" {
		return errors.New("passwdhttp: Config.Logo needs a Config.Name, for those who do not see it")
	}
	switch c.LoginKind {
	case passwd.AnyKind, passwd.Username, passwd.Email, passwd.Mobile:
	default:
		return errors.New("passwdhttp: Config.LoginKind is none of AnyKind, Username, Email and Mobile")
	}
	if c.SignInURL == "" || safeNext(c.SignInURL) {
		return nil
	}
	u, err := url.Parse(c.SignInURL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return errors.New("passwdhttp: Config.SignInURL is neither a path on the origin nor an http URL")
	}
	return nil
}

// values are the fields of a form. None occurs twice.
type values map[string]string

// decodeForm reads the body of a form; the query is not part of it. Bytes that are
// not UTF-8 stay as they are: it is for the service to refuse them.
func decodeForm(b endpoint.Body) (values, error) {
	form, err := url.ParseQuery(string(b.Data))
	if err != nil {
		return nil, errors.New("not a form") // the cause would repeat what was sent
	}
	single := make(values, len(form))
	for name, all := range form {
		if len(all) != 1 {
			return nil, errors.New("a field occurs twice")
		}
		single[name] = all[0]
	}
	return single, nil
}

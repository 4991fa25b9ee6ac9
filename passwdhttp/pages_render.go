package passwdhttp

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/locale"
)

//go:embed templates
var templateFiles embed.FS

// The names of the pages, and of the templates for one page only.
const (
	pageChange     = "change"
	pageForced     = "forced"
	pageForgot     = "forgot"
	pageSent       = "sent"
	pageForgotCode = "forgot_code"
	pageResetCode  = "reset_code"
	pageReset      = "reset"
	pageInvitation = "invitation"
	pageDone       = "done"
	pageExpired    = "expired"
	pageCancel     = "cancel"
	pageError      = "error"
	pageDevices    = "devices"
	pageLanding    = "landing"
	pageSignIn     = "sign_in"

	pageSignOut = "sign_out" // has no template: its form is on other pages
)

var pageNames = []string{
	pageChange, pageForced, pageForgot, pageSent, pageForgotCode, pageResetCode, pageReset, pageInvitation, pageDone,
	pageExpired, pageCancel, pageError, pageDevices, pageLanding, pageSignIn,
}

const layout = "layout.html"

// parseTemplates makes the template of each page: our layout, what the host has
// for all pages, what it has for this one. Once a template has been executed it
// takes no more, so all of it is done here.
func parseTemplates(host fs.FS) (map[string]*template.Template, error) {
	text, err := templateFiles.ReadFile("templates/" + layout)
	if err != nil {
		return nil, err
	}
	common, err := template.New(layout).Parse(string(text))
	if err != nil {
		return nil, err
	}
	var names []string
	if host != nil {
		if names, err = fs.Glob(host, "*.html"); err != nil {
			return nil, fmt.Errorf("passwdhttp: Config.Templates: %w", err)
		}
	}
	own := map[string]string{}
	for _, page := range pageNames {
		own[page+".html"] = page
	}
	for _, name := range names {
		if _, one := own[name]; !one {
			if err := parseOnto(common, host, name); err != nil {
				return nil, err
			}
		}
	}
	all := map[string]*template.Template{}
	for _, page := range pageNames {
		t, err := common.Clone()
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if own[name] == page {
				if err := parseOnto(t, host, name); err != nil {
					return nil, err
				}
			}
		}
		all[page] = t
	}
	return all, nil
}

// parseOnto parses a file of the host over what is there. A file of one page with
// more in it than blocks is the whole page.
func parseOnto(t *template.Template, host fs.FS, name string) error {
	text, err := fs.ReadFile(host, name)
	if err != nil {
		return fmt.Errorf("passwdhttp: Config.Templates: %w", err)
	}
	there := t.Lookup(name) // New would empty it
	if there == nil {
		there = t.New(name)
	}
	if _, err := there.Parse(string(text)); err != nil {
		return fmt.Errorf("passwdhttp: Config.Templates: %w", err)
	}
	return nil
}

// tryTemplates executes every page once, so that what only shows then is an error
// at the start.
func (p *pages) tryTemplates() error {
	words := locale.Match()
	for _, page := range pageNames {
		v := p.view(words, page, "change_title")
		v.Problems = []Problem{{"new_password", "x"}, {"", "x"}}
		v.Intro = []string{"x"}
		v.Links, v.Action, v.Said, v.Onward = []Link{{"/", "x"}}, &Link{"/", "x"}, "x", "/"
		field := Field{
			ID: "new_password", Label: "x", Type: "password", Autocomplete: "new-password", EnterKey: "done",
			Requirements: []Requirement{{"x", "x", true, "x"}}, Errors: []string{"x"}, MinLength: 15, PasswordRules: "x", Show: "x", Hide: "x", Check: &Check{},
		}
		v.Form = &Form{Action: "/", Hidden: []Hidden{{"next", "/"}}, Fields: []Field{field}, Submit: "x", Busy: "x"}
		v.Second, v.Notice = v.Form, &Notice{"x", v.Form}
		v.Devices = []Device{{ID: "x", Name: "x", This: "x", Facts: []Fact{{"x", "x", ""}, {"x", "x", "2026-03-01T12:00:00Z"}}, Raw: "x", RawLabel: "x", End: v.Form}}
		v.Fragment = &Fragment{Action: "/", Without: "/"}
		for _, v := range []View{v, p.view(words, page, "change_title")} {
			if err := p.execute(io.Discard, v); err != nil {
				return fmt.Errorf("passwdhttp: Config.Templates: page %s: %w", page, err)
			}
		}
	}
	return nil
}

// execute writes the page of a view: the host's own file for that page, if there
// is one with more in it than blocks, else the layout.
func (p *pages) execute(w io.Writer, v View) error {
	t := p.templates[v.Page]
	if whole := t.Lookup(v.Page + ".html"); whole != nil && whole.Tree != nil && !isBlank(whole) {
		return whole.Execute(w, v)
	}
	return t.ExecuteTemplate(w, layout, v)
}

func isBlank(t *template.Template) bool { return strings.TrimSpace(t.Tree.Root.String()) == "" }

// view begins the view of a page.
func (p *pages) view(words locale.Printer, page, heading string) View {
	return View{
		Page: page, Title: words.Label(heading), Heading: words.Label(heading),
		Language: words.Language(), Direction: words.Direction(),
		Name: p.Name, Logo: p.Logo, Home: p.home(),
		Style: p.style, Script: p.script, Stylesheet: p.Stylesheet,
	}
}

// reply is a page to show or, if location is not "", where to go instead.
type reply struct {
	location string
	status   int // of the page
	view     View
}

func (p *pages) send(w http.ResponseWriter, r *http.Request, out reply) {
	if out.location != "" {
		seeOther(w, r, out.location)
		return
	}
	var body bytes.Buffer
	if err := p.execute(&body, out.view); err != nil {
		p.Service.Observe(r.Context(), passwd.Event{Name: passwd.EventUnavailable, Outcome: "failure", Reason: "template", Err: err})
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	if out.status == http.StatusUnauthorized {
		challenge := p.Challenge
		if challenge == "" {
			challenge = defaultChallenge
		}
		h.Set("WWW-Authenticate", challenge)
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(out.status)
	w.Write(body.Bytes())
}

// fail is the face's reply to an error: the form again if the error is about one,
// else a page that tells no more than the code does, and how to go on.
func (p *pages) fail(w http.ResponseWriter, r *http.Request, code passwd.Code, err error) {
	if failed, ok := errors.AsType[*formError](err); ok {
		if out, broken := p.again(w, r, failed.form, failed.in, failed.err); broken == nil {
			p.send(w, r, out)
			return
		}
	}
	words := p.printer(w, r)
	v := p.view(words, pageError, "")
	status, known := statuses[code]
	if !known {
		code, status = passwd.CodeInternal, http.StatusInternalServerError
	}
	title, detail := words.Problem(code)
	v.Title, v.Heading, v.Intro = errorTitle(words, title), title, []string{detail}
	if text := waitText(words, w.Header().Get("Retry-After")); text != "" {
		v.Intro = []string{text} // the detail speaks of a while
	}
	v.Links = p.wayOn(words, r, code)
	p.send(w, r, reply{status: status, view: v})
}

// wayOn is where a page leads that says what cannot be done.
func (p *pages) wayOn(words locale.Printer, r *http.Request, code passwd.Code) []Link {
	var again link
	switch code {
	case passwd.CodeRateLimited, passwd.CodeBusy, passwd.CodeUnavailable, passwd.CodeInternal, endpoint.CodeCrossOrigin:
		if safeNext(r.URL.EscapedPath()) { // as it is without what may stand in the query
			again = link{r.URL.EscapedPath(), "try_again"}
		}
	case passwd.CodeUnauthenticated:
		return p.worded(words, []link{{p.signIn(""), "sign_in"}})
	}
	return p.worded(words, []link{again, {p.home(), "to_home"}})
}

// errorTitle is the title of a document that something is wrong with: it is what
// screen readers say first.
func errorTitle(words locale.Printer, title string) string {
	return strings.ReplaceAll(words.Label("error_title"), "{title}", title)
}

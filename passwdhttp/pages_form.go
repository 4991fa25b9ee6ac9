package passwdhttp

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/pwpolicy"
)

// The fields, which are their IDs as well.
const (
	fieldUsername = "username"
	fieldCurrent  = "current_password"
	fieldNew      = "new_password"
	fieldConfirm  = "confirm_password"
	fieldLogin    = "login"
	fieldCode     = "code"
	fieldNext     = "next"
)

// form is a page with a form, which can be shown again with what was wrong in it.
type form struct {
	page   string // its name
	path   string // its own, that it is posted to
	title  string // labels of the catalogue
	submit string
	intro  []string // texts of the catalogue
	fields []string
	links  []link

	account  passwd.Ref // whose policy it is; without an ID, the tenant's
	username string     // to be shown; "" if that is nobody's business
	check    string     // cookie of the live check
	next     string     // carried along
}

// link is a link before it is put into words.
type link struct{ url, label string }

// formError is an error that its form tells.
type formError struct {
	form form
	err  error
}

func (e *formError) Error() string { return e.err.Error() }
func (e *formError) Unwrap() error { return e.err }

// faults are what is wrong with a form before the service is asked: texts of the
// catalogue by field.
type faults map[string]string

func (faults) Error() string { return "passwdhttp: form not filled in" }

// missing returns the faults of a form: what has been left empty and, if it has to
// be typed twice, what has not been typed the same.
func (f form) missing(in values) faults {
	wrong := faults{}
	for _, name := range f.fields {
		if name != fieldUsername && strings.TrimSpace(in[name]) == "" && (in[name] == "" || name == fieldLogin || name == fieldCode) {
			wrong[name] = "required_" + name
		}
	}
	if slices.Contains(f.fields, fieldConfirm) && len(wrong) == 0 && in[fieldConfirm] != in[fieldNew] {
		wrong[fieldConfirm] = "mismatch"
	}
	return wrong
}

// newPassword lists the fields of a new password.
func (p *pages) newPassword(before ...string) []string {
	fields := append(before, fieldNew)
	if p.ConfirmField {
		fields = append(fields, fieldConfirm)
	}
	return fields
}

// show makes the page of a form; err is what was wrong with it, if anything was.
func (p *pages) show(w http.ResponseWriter, r *http.Request, f form, err error) (reply, error) {
	var requirements []pwpolicy.Requirement
	if slices.Contains(f.fields, fieldNew) {
		account := passwd.Account{Ref: f.account}
		if f.account.ID == "" {
			account.Ref = passwd.Ref{Tenant: p.tenant(r)}
		}
		var broken error
		if requirements, broken = p.service(r).Requirements(r.Context(), account); broken != nil {
			return reply{}, broken
		}
	}
	words := p.printer(w, r)
	v := p.view(words, f.page, f.title)
	for _, key := range f.intro {
		v.Intro = append(v.Intro, words.Text(key))
	}
	for _, l := range f.links {
		if l.url != "" {
			v.Links = append(v.Links, Link{l.url, words.Label(l.label)})
		}
	}
	v.Form = &Form{Action: p.at(f.path, ""), Submit: words.Label(f.submit)}
	if f.next != "" {
		v.Form.Hidden = []Hidden{{fieldNext, f.next}}
	}
	status, wrong := f.judge(words, err)
	for _, name := range f.fields {
		field := p.field(words, f, name, requirements)
		field.Errors = wrong[name]
		for _, text := range field.Errors {
			v.Problems = append(v.Problems, Problem{name, text})
		}
		v.Form.Fields = append(v.Form.Fields, field)
	}
	for name, texts := range wrong {
		if !slices.Contains(f.fields, name) {
			for _, text := range texts {
				v.Problems = append(v.Problems, Problem{"", text})
			}
		}
	}
	if len(v.Problems) > 0 {
		v.Title, v.Summary = errorTitle(words, v.Title), words.Label("error_summary")
	}
	return reply{status: status, view: v}, nil
}

// judge puts an error into words, by the fields that it is about; "" is none.
func (f form) judge(words locale.Printer, err error) (status int, wrong map[string][]string) {
	wrong = map[string][]string{}
	if err == nil {
		return http.StatusOK, wrong
	}
	if empty, ok := errors.AsType[faults](err); ok {
		for name, text := range empty {
			wrong[name] = []string{words.Text(text)}
		}
		return http.StatusUnprocessableEntity, wrong
	}
	code := endpoint.CodeOf(err)
	_, detail := words.Problem(code)
	switch code {
	case passwd.CodePasswordRejected:
		rejected, _ := errors.AsType[*passwd.PolicyError](err)
		wrong[fieldNew] = words.Violations(rejected.Violations)
	case passwd.CodeWrongPassword:
		wrong[fieldCurrent] = []string{detail}
	case passwd.CodeInvalidToken:
		wrong[fieldCode] = []string{words.Text("wrong_code")}
	case passwd.CodeInvalidRequest:
		wrong[fieldLogin] = []string{words.Text("required_login")}
	default:
		wrong[""] = []string{detail}
		return statuses[code], wrong
	}
	return http.StatusUnprocessableEntity, wrong
}

func (p *pages) field(words locale.Printer, f form, name string, requirements []pwpolicy.Requirement) Field {
	field := Field{ID: name, Label: words.Label(name), Type: "text", Required: true}
	switch name {
	case fieldUsername:
		field.Autocomplete, field.Required, field.ReadOnly = "username", false, true
		// Chromium asks for such a field in every form with a password.
		field.Value, field.Concealed = f.username, f.username == ""
	case fieldLogin:
		field.Autocomplete = "username"
	case fieldCode:
		field.Autocomplete, field.InputMode = "one-time-code", "numeric"
	case fieldCurrent:
		field.Type, field.Autocomplete = "password", "current-password"
	case fieldNew:
		field.Type, field.Autocomplete = "password", "new-password"
		field.Hint = words.Describe(requirements)
		field.MinLength = locale.MinLength(requirements)
		field.PasswordRules = locale.PasswordRules(requirements)
		var levels []string
		for _, level := range []string{"strength_0", "strength_1", "strength_2", "strength_3", "strength_4"} {
			levels = append(levels, words.Label(level))
		}
		field.Check = &Check{
			URL: location(p.Service.BasePath()+apiPath+"check", ""), Cookie: f.check,
			Strength: words.Label("strength"), Levels: strings.Join(levels, "|"),
		}
	case fieldConfirm:
		field.Type, field.Autocomplete = "password", "new-password"
	}
	if field.Type == "password" {
		field.Show, field.Hide = words.Label("show_"+name), words.Label("hide_"+name)
	}
	return field
}

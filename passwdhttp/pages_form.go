package passwdhttp

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

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
	fieldPassword = "password" // of a sign-in
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

	bound    bound            // what it is shown for; the zero bound if for nothing
	kind     passwd.LoginKind // of the login that it asks for
	asks     string           // label of that
	account  passwd.Ref       // whose policy it is; without an ID, the tenant's
	username string           // to be shown; "" if that is nobody's business
	named    string           // label of the username; "" if it is one
	check    string           // cookie of the live check
	next     string           // carried along
	taken    bool             // the page is another one without paramTaken
	said     []string         // texts, in words, that come before all others
	notice   string           // what to know before anything else, in words
	second   *second          // another form, if there is one
}

// second is a form without fields beside that of a page, before it is put into words.
type second struct {
	path, submit string
	hidden       []Hidden
}

// query is what comes after the path of a form.
func (f form) query() string {
	if f.taken {
		return paramTaken
	}
	if f.next == "" {
		return ""
	}
	return url.Values{fieldNext: {f.next}}.Encode()
}

// maxTyped is how much of what was typed comes back; no login is longer.
const maxTyped = 512

// typed is what comes back with a form that something is wrong with, as it may be a
// slip of the finger. A password never does.
func (f form) typed(in values) map[string]string {
	all := map[string]string{}
	for _, name := range []string{fieldLogin, fieldCode} {
		if v := in[name]; slices.Contains(f.fields, name) && v != "" && len(v) <= maxTyped && utf8.ValidString(v) {
			all[name] = v
		}
	}
	return all
}

// link is a link before it is put into words.
type link struct{ url, label string }

// formError is an error that its form tells.
type formError struct {
	form form
	in   values
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
			wrong[name] = f.required(name)
		}
	}
	if slices.Contains(f.fields, fieldConfirm) && len(wrong) == 0 && in[fieldConfirm] != in[fieldNew] {
		wrong[fieldConfirm] = "mismatch"
	}
	return wrong
}

// required is the text that says that a field has been left empty.
func (f form) required(name string) string {
	if name == fieldLogin {
		return "required_" + cmp.Or(f.asks, name)
	}
	return "required_" + name
}

// logins are what people sign in with: of one kind, or AnyKind if there are several, and
// the label of that. It is Config.LoginKind, else what the store has.
func (c Config) logins() (kind passwd.LoginKind, label string) {
	kinds := c.Service.LoginKinds()
	if c.LoginKind != passwd.AnyKind {
		kinds = []passwd.LoginKind{c.LoginKind}
	}
	switch len(kinds) {
	case 1:
		return kinds[0], loginLabels[kinds[0]]
	case 2:
		label := "login"
		for _, kind := range []passwd.LoginKind{passwd.Username, passwd.Email, passwd.Mobile} {
			if slices.Contains(kinds, kind) {
				label += "_" + loginLabels[kind]
			}
		}
		return passwd.AnyKind, label
	}
	return passwd.AnyKind, "login"
}

// loginLabels are what a login is called where it is of one kind.
var loginLabels = map[passwd.LoginKind]string{
	passwd.Username: "username", passwd.Email: "email", passwd.Mobile: "mobile",
}

// newPassword lists the fields of a new password.
func (p *pages) newPassword(before ...string) []string {
	fields := append(before, fieldNew)
	if p.ConfirmField {
		fields = append(fields, fieldConfirm)
	}
	return fields
}

// show makes the page of a form, with what was wrong with it when it was sent last.
func (p *pages) show(w http.ResponseWriter, r *http.Request, f form) (reply, error) {
	n, ok := p.left(r, againCookie)
	if !ok {
		return p.render(w, r, f, note{})
	}
	p.drop(w, againCookie)
	if n.Retry != "" {
		w.Header().Set("Retry-After", n.Retry)
	}
	return p.render(w, r, f, n)
}

// render puts a form into words.
func (p *pages) render(w http.ResponseWriter, r *http.Request, f form, n note) (reply, error) {
	requirements, err := p.requirements(r, f)
	switch {
	case errors.Is(err, passwd.ErrNoPassword):
		return p.noPassword(w, r), nil
	case err != nil:
		return reply{}, err
	}
	words := p.printer(w, r)
	v := p.view(words, f.page, f.title)
	v.Intro = append(v.Intro, f.said...)
	for _, key := range f.intro {
		v.Intro = append(v.Intro, words.Text(key))
	}
	v.Links = p.worded(words, f.links)
	v.Form = &Form{Action: p.at(f.path, ""), Submit: words.Label(f.submit), Busy: words.Label(busy[f.submit])}
	if f.bound != (bound{}) {
		v.Form.Hidden = append(v.Form.Hidden, Hidden{fieldForm, p.seal(f.bound)})
	}
	if f.next != "" {
		v.Form.Hidden = append(v.Form.Hidden, Hidden{fieldNext, f.next})
	}
	if f.notice != "" {
		v.Notice = &Notice{Text: f.notice}
	}
	if f.second != nil {
		second := &Form{Action: p.at(f.second.path, ""), Hidden: f.second.hidden, Submit: words.Label(f.second.submit), Busy: words.Label("busy_wait")}
		if v.Second = second; v.Notice != nil {
			v.Notice.Form, v.Second = second, nil
		}
	}
	for i, name := range f.fields {
		field := p.field(words, f, name, requirements)
		if field.EnterKey = "next"; i == len(f.fields)-1 {
			field.EnterKey = enterKeys[f.submit]
		}
		if typed := n.Typed[name]; typed != "" {
			field.Value = typed
		}
		field.Errors, field.Invalid = n.Wrong[name], len(n.Wrong[name]) > 0
		for _, text := range field.Errors {
			v.Problems = append(v.Problems, Problem{name, text})
		}
		if name == fieldNew {
			field.Notes = n.texts(words)
		}
		if name == fieldNew && len(n.Broken) > 0 {
			field.Errors = n.Others
			for i, q := range field.Requirements {
				if slices.Contains(n.Broken, q.Key) {
					field.Requirements[i].Unmet = words.Label("rule_unmet")
				}
			}
		}
		v.Form.Fields = append(v.Form.Fields, field)
	}
	for _, name := range slices.Sorted(maps.Keys(n.Wrong)) {
		if !slices.Contains(f.fields, name) {
			for _, text := range n.Wrong[name] {
				v.Problems = append(v.Problems, Problem{"", text})
			}
		}
	}
	if len(v.Problems) > 0 {
		v.Title, v.Summary = errorTitle(words, v.Title), words.Label("error_summary")
	}
	return reply{status: cmp.Or(n.Status, http.StatusOK), view: v}, nil
}

// busy are the labels of buttons that have been pressed, and enterKeys what the
// enter key of a phone does in the last field.
var (
	busy = map[string]string{
		"submit_change": "busy_save", "submit_reset": "busy_save", "submit_forgot": "busy_send", "submit_forgot_code": "busy_send",
		"submit_code": "busy_check", "submit_cancel": "busy_wait", "sign_in": "busy_wait",
	}
	enterKeys = map[string]string{
		"submit_change": "done", "submit_reset": "done", "submit_forgot": "send", "submit_forgot_code": "send", "submit_code": "go",
		"sign_in": "go",
	}
)

// worded puts links into words. One without a URL leads nowhere, and is none.
func (p *pages) worded(words locale.Printer, links []link) (all []Link) {
	for _, l := range links {
		if l.url != "" {
			all = append(all, Link{l.url, words.Label(l.label)})
		}
	}
	return all
}

// requirements are those of the new password that a form asks for, if it does.
func (p *pages) requirements(r *http.Request, f form) ([]pwpolicy.Requirement, error) {
	if !slices.Contains(f.fields, fieldNew) {
		return nil, nil
	}
	account := passwd.Account{Ref: f.account}
	if f.account.ID == "" {
		account.Ref = passwd.Ref{Tenant: p.tenant(r)}
	}
	return p.service(r).Requirements(r.Context(), account)
}

// judge puts an error into words, by the fields that it is about; "" is none. Retry
// is the Retry-After that belongs to it.
func (f form) judge(words locale.Printer, err error, retry string) (status int, wrong map[string][]string) {
	wrong = map[string][]string{}
	if empty, ok := errors.AsType[faults](err); ok {
		for name, text := range empty {
			wrong[name] = []string{words.Text(text)}
		}
		return http.StatusUnprocessableEntity, wrong
	}
	if tries, ok := errors.AsType[*triesError](err); ok {
		wrong[fieldCode] = []string{words.Text("wrong_code_tries." + strconv.Itoa(tries.left))}
		return http.StatusUnprocessableEntity, wrong
	}
	code := endpoint.CodeOf(err)
	title, detail := words.Problem(code)
	switch code {
	case passwd.CodePasswordRejected:
		rejected, _ := errors.AsType[*passwd.PolicyError](err)
		wrong[fieldNew] = words.Violations(rejected.Violations)
	case passwd.CodeWrongPassword:
		wrong[fieldCurrent] = []string{detail}
	case passwd.CodeWrongCredentials:
		wrong[fieldPassword] = []string{refusedSignIn(words, err, detail)}
	case passwd.CodeInvalidRequest:
		wrong[fieldLogin] = []string{words.Text(f.required(fieldLogin))}
	default:
		wrong[""] = []string{detail}
		if text := waitText(words, retry); text != "" {
			wrong[""] = []string{title, text} // the detail speaks of a while
		}
		status, known := statuses[code]
		if !known {
			status = http.StatusInternalServerError
		}
		return status, wrong
	}
	return http.StatusUnprocessableEntity, wrong
}

// waitText says how long to wait; "" if nobody knows.
func waitText(words locale.Printer, retry string) string {
	if d := wait(words.Label, retry); d != "" {
		return fill(words.Text("try_again_in"), "wait", d)
	}
	return ""
}

// fill puts a value into the place of a {name}.
func fill(text, name, value string) string { return strings.ReplaceAll(text, "{"+name+"}", value) }

// isolated keeps a name from turning the text around it over, where it is written
// from the other side.
func isolated(name string) string { return "\u2068" + name + "\u2069" }

func (p *pages) field(words locale.Printer, f form, name string, requirements []pwpolicy.Requirement) Field {
	field := Field{ID: name, Label: words.Label(name), Type: "text", Required: true}
	switch name {
	case fieldUsername:
		field.Autocomplete, field.Required, field.ReadOnly = "username", false, true
		// Chromium asks for such a field in every form with a password.
		field.Value, field.Concealed = f.username, f.username == ""
		if f.named != "" {
			field.Label = words.Label(f.named)
		}
	case fieldLogin:
		field.Autocomplete = "username"
		field.Label = words.Label(cmp.Or(f.asks, name))
		switch f.kind {
		case passwd.Email:
			field.Type = "email"
		case passwd.Mobile:
			field.Type = "tel"
		}
	case fieldCode:
		field.Autocomplete, field.InputMode = "one-time-code", "numeric"
	case fieldCurrent, fieldPassword:
		field.Type, field.Autocomplete = "password", "current-password"
	case fieldNew:
		field.Type, field.Autocomplete = "password", "new-password"
		field.Requirements = asked(words, requirements)
		field.MinLength = locale.MinLength(requirements)
		field.PasswordRules = locale.PasswordRules(requirements)
		field.Check = p.liveCheck(words, f.check)
	case fieldConfirm:
		field.Type, field.Autocomplete = "password", "new-password"
	}
	if field.Type == "password" {
		field.Show, field.Hide = words.Label("show_"+name), words.Label("hide_"+name)
		field.ShowText, field.HideText = words.Label("show"), words.Label("hide")
	}
	return field
}

// liveCheck is what the script needs to judge a password while it is typed.
func (p *pages) liveCheck(words locale.Printer, cookie string) *Check {
	var levels []string
	for _, level := range []string{"strength_0", "strength_1", "strength_2", "strength_3", "strength_4"} {
		levels = append(levels, words.Label(level))
	}
	return &Check{
		URL: location(p.Service.BasePath()+apiPath+"check", ""), Cookie: cookie,
		Strength: words.Label("strength"), Levels: strings.Join(levels, "|"),
		Met: words.Label("rule_met"), Unmet: words.Label("rule_unmet"),
		Weak: words.Text("allowed_weak"),
	}
}

// judged are the rules that the live check always tells about. Others need what it
// does not look at, such as earlier passwords, or are the host's own: of these only a
// violation is certain.
var judged = []pwpolicy.Code{
	pwpolicy.TooShort, pwpolicy.TooLong, pwpolicy.InvalidEncoding, pwpolicy.MissingClass, pwpolicy.Numeric, pwpolicy.SameAsLogin, pwpolicy.TooCommon,
	pwpolicy.Similar, pwpolicy.ContextWord, "too_weak", pwpolicy.TooRepeated, pwpolicy.TooSequential, pwpolicy.ForbiddenCharacters, pwpolicy.MissingCharacters,
}

// asked puts what a policy asks for into words, each for itself, so that the script can
// tell of each whether it is met.
func asked(words locale.Printer, requirements []pwpolicy.Requirement) []Requirement {
	var all []Requirement
	for _, q := range requirements {
		one := Requirement{Text: words.Requirement(q), Key: ruleKey(q), Judged: slices.Contains(judged, q.Code)}
		if !slices.ContainsFunc(all, func(other Requirement) bool { return other.Text == one.Text }) {
			all = append(all, one)
		}
	}
	return all
}

// broken tells which requirements a password does not meet, by their keys, and says in
// words what else is wrong with it.
func broken(words locale.Printer, requirements []pwpolicy.Requirement, violations []pwpolicy.Violation) (keys, others []string) {
	var rest []pwpolicy.Violation
	for _, v := range violations {
		key := ruleKey(pwpolicy.Requirement(v))
		at := slices.IndexFunc(requirements, func(q pwpolicy.Requirement) bool { return ruleKey(q) == key })
		if at < 0 {
			at = slices.IndexFunc(requirements, func(q pwpolicy.Requirement) bool { return q.Code == v.Code })
		}
		if at < 0 {
			rest = append(rest, v)
			continue
		}
		keys = append(keys, ruleKey(requirements[at]))
	}
	return keys, words.Violations(rest)
}

// ruleKey names a requirement as the script names the violation of it: by the code and
// what tells it from others of the same.
func ruleKey(q pwpolicy.Requirement) string {
	for _, param := range []string{"class", "unit", "attribute"} {
		if s, ok := q.Params[param].(string); ok {
			return string(q.Code) + "." + s
		}
	}
	return string(q.Code)
}

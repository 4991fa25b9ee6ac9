package passwdhttp

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/passwd-go/passwd"
)

func (p *pages) forgotForm() form {
	return form{
		page: pageForgot, path: "forgot", title: "forgot_title", submit: "submit_forgot",
		intro: []string{"forgot"}, fields: []string{fieldLogin}, kind: p.LoginKind, asks: p.asks,
		links: append(p.sendable(link{p.at("forgot/code", ""), "use_code"}), link{p.signIn(""), "sign_in"}),
	}
}

// mustSend is ErrUndeliverable, for everybody alike, where no account has an address that
// anything could be sent to: "We've sent you a message" would be waited for in vain.
func (c Config) mustSend() error {
	if len(c.Service.Channels()) == 0 {
		return passwd.ErrUndeliverable
	}
	return nil
}

func (p *pages) forgot(w http.ResponseWriter, r *http.Request) (reply, error) {
	if err := p.mustSend(); err != nil {
		return reply{}, err
	}
	return p.show(w, r, p.forgotForm())
}

// postForgot answers the same for every login (I6).
func (p *pages) postForgot(w http.ResponseWriter, r *http.Request, in values) (reply, error) {
	if err := p.mustSend(); err != nil {
		return reply{}, err
	}
	f := p.forgotForm()
	if wrong := f.missing(in); len(wrong) > 0 {
		return p.again(w, r, f, in, wrong)
	}
	err := p.service(r).RequestReset(r.Context(), passwd.RequestReset{Login: p.login(r, in), Client: p.face.Client(r)})
	if err != nil {
		return reply{}, &formError{f, in, err}
	}
	return reply{location: p.at("forgot/sent", "")}, nil
}

func (p *pages) login(r *http.Request, in values) passwd.Login {
	return passwd.Login{Tenant: p.tenant(r), Kind: p.LoginKind, Value: in[fieldLogin]}
}

// sendable are links to where something is asked for that is sent: none where no account
// has an address that anything could be sent to.
func (p *pages) sendable(all ...link) []link {
	if p.mustSend() != nil {
		return nil
	}
	return all
}

// sentTitle names where a message has gone, as far as that is known of all of them.
func (p *pages) sentTitle() string {
	channels := p.Service.Channels()
	switch mail, phone := slices.Contains(channels, passwd.EmailChannel), slices.Contains(channels, passwd.SMSChannel); {
	case mail && !phone:
		return "sent_title_email"
	case phone && !mail:
		return "sent_title_mobile"
	}
	return "sent_title"
}

func (p *pages) sent(w http.ResponseWriter, r *http.Request) (reply, error) {
	words := p.printer(w, r)
	v := p.view(words, pageSent, p.sentTitle())
	v.Said, v.Intro = words.ResetRequested(), []string{words.Text("sent")}
	v.Links = []Link{{p.at("forgot", ""), words.Label("new_link")}}
	return reply{status: http.StatusOK, view: v}, nil
}

func (p *pages) forgotCodeForm() form {
	return form{
		page: pageForgotCode, path: "forgot/code", title: "forgot_code_title", submit: "submit_forgot_code",
		intro: []string{"forgot_code"}, fields: []string{fieldLogin}, kind: p.LoginKind, asks: p.asks,
		links: append(p.sendable(link{p.at("forgot", ""), "use_link"}), link{p.signIn(""), "sign_in"}),
	}
}

func (p *pages) forgotCode(w http.ResponseWriter, r *http.Request) (reply, error) {
	if err := p.mustSend(); err != nil {
		return reply{}, err
	}
	return p.show(w, r, p.forgotCodeForm())
}

// postForgotCode gives every login a request of its own, known or not (I6).
func (p *pages) postForgotCode(w http.ResponseWriter, r *http.Request, in values) (reply, error) {
	if err := p.mustSend(); err != nil {
		return reply{}, err
	}
	f := p.forgotCodeForm()
	if wrong := f.missing(in); len(wrong) > 0 {
		return p.again(w, r, f, in, wrong)
	}
	request, err := p.service(r).RequestCode(r.Context(), passwd.RequestCode{Login: p.login(r, in), Client: p.face.Client(r)})
	if err != nil {
		return reply{}, &formError{f, in, err}
	}
	p.keep(w, codeCookie, request)
	return reply{location: p.at("reset/code", "")}, nil
}

func (p *pages) codeForm(request passwd.Token) form {
	return form{
		page: pageResetCode, path: "reset/code", title: "code_title", submit: "submit_code",
		intro: []string{"code"}, fields: []string{fieldCode}, bound: toToken(pageResetCode, request, passwd.Account{}),
		links: []link{{p.at("forgot/code", ""), "new_code"}},
	}
}

func (p *pages) resetCode(w http.ResponseWriter, r *http.Request) (reply, error) {
	request := p.kept(r, codeCookie)
	if request == "" {
		return p.expired(w, r, "expired_code", link{p.at("forgot/code", ""), "new_code"}), nil
	}
	return p.show(w, r, p.codeForm(request))
}

func (p *pages) postResetCode(w http.ResponseWriter, r *http.Request, in values) (reply, error) {
	request := p.kept(r, codeCookie)
	if request == "" {
		return reply{location: p.at("reset/code", "")}, nil
	}
	if !p.boundTo(in).holds(pageResetCode, request) {
		return p.instead(w, "reset/code", "", insteadStale), nil
	}
	f := p.codeForm(request)
	if wrong := f.missing(in); len(wrong) > 0 {
		return p.again(w, r, f, in, wrong)
	}
	token, err := p.service(r).RedeemCode(r.Context(), passwd.RedeemCode{
		Request: request, Code: passwd.OneTimeCode(in[fieldCode]), Client: p.face.Client(r),
	})
	switch {
	case errors.Is(err, passwd.ErrTokenInvalid):
		return p.wrongCode(w, r, f, in, request)
	case err != nil:
		return reply{}, &formError{f, in, err}
	}
	p.drop(w, codeCookie)
	p.keep(w, resetCookie, token)
	return reply{location: p.at("reset/new", "")}, nil
}

// triesError is a wrong code, with the tries that its request has left.
type triesError struct{ left int }

func (*triesError) Error() string { return "passwdhttp: wrong code" }

// wrongCode says how many tries are left, by the count of the request: whether anybody
// was mailed a code, or that is too old, makes no difference (I6).
func (p *pages) wrongCode(w http.ResponseWriter, r *http.Request, f form, in values, request passwd.Token) (reply, error) {
	left, err := p.service(r).CodeTriesLeft(r.Context(), request)
	switch {
	case err != nil:
		return reply{}, &formError{f, in, err}
	case left > 0:
		return p.again(w, r, f, in, &triesError{left})
	}
	p.drop(w, codeCookie)
	return p.instead(w, "reset/code", "", insteadOver), nil
}

// codeOver is the page of a code that had its last try.
func (p *pages) codeOver(w http.ResponseWriter, r *http.Request) reply {
	words := p.printer(w, r)
	v := p.view(words, pageExpired, "over_title")
	v.Title = errorTitle(words, v.Title)
	v.Said = words.Text("code_over")
	v.Action = &Link{p.at("forgot/code", ""), words.Label("new_code")}
	return reply{status: statuses[passwd.CodeInvalidToken], view: v}
}

// takeToken is where a link leads: it takes the token out of the URL, into a
// cookie, and goes on. It asks nobody whether the token is good; a link without
// one leaves the cookie as it is.
func (p *pages) takeToken(k cookie, on string) func(http.ResponseWriter, *http.Request) (reply, error) {
	return func(w http.ResponseWriter, r *http.Request) (reply, error) {
		if given, ok := r.URL.Query()["token"]; ok {
			token := given[0]
			if len(given) > 1 {
				token = "" // which drops the cookie: nobody can say which was meant
			}
			p.keep(w, k, passwd.Token(token))
		}
		return reply{location: on}, nil
	}
}

// whose asks which account a token belongs to.
func (p *pages) whose(r *http.Request, purpose passwd.Purpose, t passwd.Token) (passwd.Account, error) {
	return p.service(r).TokenAccount(r.Context(), purpose, t, p.face.Client(r))
}

// nameOf is what the owner of an account knows it by, and the label of that.
func (p *pages) nameOf(a passwd.Account) (name, label string) {
	switch {
	case p.LoginKind == passwd.Email && a.Email != "", a.Username == "" && a.Email != "":
		return a.Email, "email"
	case p.LoginKind == passwd.Mobile && a.Mobile != "", a.Username == "" && a.Mobile != "":
		return a.Mobile, "mobile"
	case a.Username != "":
		return a.Username, "username"
	}
	return "", ""
}

// ofToken fills in the form of a token: whose it is, and who else is signed in.
func (p *pages) ofToken(w http.ResponseWriter, r *http.Request, f form, t passwd.Token, a passwd.Account) form {
	f.bound, f.account = toToken(f.page, t, a), a.Ref
	f.username, f.named = p.nameOf(a)
	who, _, err := p.signedIn(r)
	if err != nil || who.Account == a.Ref {
		return f
	}
	words := p.speaker(r)
	f.intro = slices.DeleteFunc(f.intro, func(key string) bool { return key == resetting.intro }) // of whose devices?
	if f.notice = words.Text("signed_in_other"); f.username != "" && who.Username != "" {
		f.notice = fill(fill(words.Text("signed_in_as"), "account", isolated(f.username)), "you", isolated(who.Username))
	}
	if p.SignOut != nil {
		f.second = &second{"sign-out", "submit_end", []Hidden{{fieldForm, p.seal(toAccount(pageSignOut, who))}, {fieldNext, p.at(f.path, f.query())}}}
	}
	return f
}

// mismatch answers a form that was shown for another token than the browser has now.
// If that one is dead, its page says so.
func (p *pages) mismatch(w http.ResponseWriter, r *http.Request, purpose passwd.Purpose, t passwd.Token, path, query string) (reply, error) {
	switch _, err := p.whose(r, purpose, t); {
	case errors.Is(err, passwd.ErrTokenInvalid):
		return reply{location: p.at(path, query)}, nil
	case err != nil:
		return reply{}, err
	}
	return p.instead(w, path, query, insteadStale), nil
}

// postSignOut signs out who is signed in here, and goes back to where that stood in
// the way.
func (p *pages) postSignOut(w http.ResponseWriter, r *http.Request, in values) (reply, error) {
	to := in[fieldNext]
	if !strings.HasPrefix(to, p.base) || !safeNext(to) {
		to = p.at("change", "")
	}
	who, _, err := p.signedIn(r)
	if err != nil || !p.boundTo(in).same(toAccount(pageSignOut, who)) {
		return reply{location: to}, nil // somebody else by now: the page tells
	}
	return reply{location: to}, p.leaveSession(w, r, who.Account)
}

// cancel asks before anything happens: programs open links too.
func (p *pages) cancel(w http.ResponseWriter, r *http.Request) (reply, error) {
	query := r.URL.Query()
	if query.Has("token") {
		return p.takeToken(cancelCookie, p.confirm())(w, r)
	}
	if p.fragments && !query.Has(paramTaken) {
		return p.landing(w, r, "cancel_title", p.at("cancel/link", ""), p.confirm()), nil
	}
	token := p.kept(r, cancelCookie)
	if token == "" {
		return p.deadLink(w, r), nil
	}
	a, err := p.whose(r, passwd.PurposeCancel, token)
	switch {
	case errors.Is(err, passwd.ErrTokenInvalid):
		return p.deadLink(w, r), nil
	case err != nil:
		return reply{}, err
	}
	return p.show(w, r, p.cancelForm(r, token, a))
}

// fieldAnswer tells the two buttons of "Was this you?" apart.
const (
	fieldAnswer = "answer"
	answerMe    = "me"
)

func (p *pages) cancelForm(r *http.Request, token passwd.Token, a passwd.Account) form {
	f := form{
		page: pageCancel, path: "cancel", title: "cancel_title", submit: "submit_cancel", intro: []string{"cancel"},
		bound: toToken(pageCancel, token, a), taken: p.fragments,
	}
	if name, _ := p.nameOf(a); name != "" {
		f.said = []string{fill(p.speaker(r).Text("cancel_account"), "account", isolated(name))}
	}
	f.second = &second{"cancel", "submit_me", []Hidden{{fieldForm, p.seal(f.bound)}, {fieldAnswer, answerMe}}}
	return f
}

func (p *pages) postCancel(w http.ResponseWriter, r *http.Request, in values) (reply, error) {
	token, b := p.kept(r, cancelCookie), p.boundTo(in)
	switch {
	case token == "":
		return reply{location: p.confirm()}, nil
	case !b.holds(pageCancel, token):
		return p.mismatch(w, r, passwd.PurposeCancel, token, "cancel", p.takenQuery())
	}
	a, err := p.whose(r, passwd.PurposeCancel, token)
	if err == nil && in[fieldAnswer] == answerMe {
		p.drop(w, cancelCookie)
		return p.finish(w, did("kept", a.Ref, ""), "after=kept"), nil
	}
	if err == nil {
		err = p.service(r).CancelReset(r.Context(), passwd.CancelReset{Token: token, Client: p.face.Client(r)})
	}
	switch {
	case errors.Is(err, passwd.ErrTokenInvalid):
		p.drop(w, cancelCookie)
		return reply{location: p.confirm()}, nil
	case err != nil:
		return reply{}, &formError{p.cancelForm(r, token, a), in, err}
	}
	p.drop(w, cancelCookie)
	p.drop(w, resetCookie)
	return p.finish(w, did("cancel", a.Ref, ""), "after=cancel"), nil
}

package passwdhttp

import (
	"errors"
	"net/http"

	"github.com/passwd-go/passwd"
)

func (p *pages) forgotForm() form {
	return form{
		page: pageForgot, path: "forgot", title: "forgot_title", submit: "submit_forgot",
		intro: []string{"forgot"}, fields: []string{fieldLogin},
		links: []link{{p.at("forgot/code", ""), "use_code"}, {p.signIn(""), "sign_in"}},
	}
}

func (p *pages) forgot(w http.ResponseWriter, r *http.Request) (reply, error) {
	return p.show(w, r, p.forgotForm(), nil)
}

// postForgot answers the same for every login (I6).
func (p *pages) postForgot(w http.ResponseWriter, r *http.Request, in values) (reply, error) {
	f := p.forgotForm()
	if wrong := f.missing(in); len(wrong) > 0 {
		return p.show(w, r, f, wrong)
	}
	err := p.service(r).RequestReset(r.Context(), passwd.RequestReset{Login: p.login(r, in), Client: p.face.Client(r)})
	if err != nil {
		return reply{}, &formError{f, err}
	}
	return reply{location: p.at("forgot/sent", "")}, nil
}

func (p *pages) login(r *http.Request, in values) passwd.Login {
	return passwd.Login{Tenant: p.tenant(r), Value: in[fieldLogin]}
}

func (p *pages) sent(w http.ResponseWriter, r *http.Request) (reply, error) {
	words := p.printer(w, r)
	v := p.view(words, pageSent, "sent_title")
	v.Intro = []string{words.ResetRequested(), words.Text("sent")}
	v.Links = []Link{{p.at("forgot", ""), words.Label("new_link")}}
	return reply{status: http.StatusOK, view: v}, nil
}

func (p *pages) forgotCodeForm() form {
	return form{
		page: pageForgotCode, path: "forgot/code", title: "forgot_code_title", submit: "submit_forgot_code",
		intro: []string{"forgot_code"}, fields: []string{fieldLogin},
		links: []link{{p.at("forgot", ""), "use_link"}, {p.signIn(""), "sign_in"}},
	}
}

func (p *pages) forgotCode(w http.ResponseWriter, r *http.Request) (reply, error) {
	return p.show(w, r, p.forgotCodeForm(), nil)
}

// postForgotCode gives every login a request of its own, known or not (I6).
func (p *pages) postForgotCode(w http.ResponseWriter, r *http.Request, in values) (reply, error) {
	f := p.forgotCodeForm()
	if wrong := f.missing(in); len(wrong) > 0 {
		return p.show(w, r, f, wrong)
	}
	request, err := p.service(r).RequestCode(r.Context(), passwd.RequestCode{Login: p.login(r, in), Client: p.face.Client(r)})
	if err != nil {
		return reply{}, &formError{f, err}
	}
	p.keep(w, codeCookie, request)
	return reply{location: p.at("reset/code", "")}, nil
}

func (p *pages) codeForm() form {
	return form{
		page: pageResetCode, path: "reset/code", title: "code_title", submit: "submit_code",
		intro: []string{"code"}, fields: []string{fieldCode},
		links: []link{{p.at("forgot/code", ""), "new_code"}},
	}
}

func (p *pages) resetCode(w http.ResponseWriter, r *http.Request) (reply, error) {
	if p.kept(r, codeCookie) == "" {
		return p.expired(w, r, "expired_code", link{p.at("forgot/code", ""), "new_code"}), nil
	}
	return p.show(w, r, p.codeForm(), nil)
}

func (p *pages) postResetCode(w http.ResponseWriter, r *http.Request, in values) (reply, error) {
	request := p.kept(r, codeCookie)
	if request == "" {
		return p.expired(w, r, "expired_code", link{p.at("forgot/code", ""), "new_code"}), nil
	}
	f := p.codeForm()
	if wrong := f.missing(in); len(wrong) > 0 {
		return p.show(w, r, f, wrong)
	}
	token, err := p.service(r).RedeemCode(r.Context(), passwd.RedeemCode{
		Request: request, Code: passwd.OneTimeCode(in[fieldCode]), Client: p.face.Client(r),
	})
	if err != nil {
		return reply{}, &formError{f, err}
	}
	p.drop(w, codeCookie)
	p.keep(w, resetCookie, token)
	return reply{location: p.at("reset/new", "")}, nil
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

func (p *pages) resetForm() form {
	return form{
		page: pageReset, path: "reset/new", title: "reset_title", submit: "submit_reset",
		intro: []string{"reset"}, fields: p.newPassword(fieldUsername), check: checkReset,
	}
}

// reset says that a link is no longer good before anybody has typed a password.
func (p *pages) reset(w http.ResponseWriter, r *http.Request) (reply, error) {
	token := p.kept(r, resetCookie)
	if token == "" {
		return p.deadLink(w, r), nil
	}
	err := p.service(r).CheckReset(r.Context(), passwd.CheckReset{Token: token, Client: p.face.Client(r)})
	switch {
	case errors.Is(err, passwd.ErrTokenInvalid):
		return p.deadLink(w, r), nil
	case err != nil:
		return reply{}, err
	}
	return p.show(w, r, p.resetForm(), nil)
}

func (p *pages) postReset(w http.ResponseWriter, r *http.Request, in values) (reply, error) {
	token := p.kept(r, resetCookie)
	if token == "" {
		return p.deadLink(w, r), nil
	}
	f := p.resetForm()
	if wrong := f.missing(in); len(wrong) > 0 {
		return p.show(w, r, f, wrong)
	}
	_, err := p.service(r).Reset(r.Context(), passwd.Reset{Token: token, New: in[fieldNew], Client: p.face.Client(r)})
	switch {
	case errors.Is(err, passwd.ErrTokenInvalid):
		return p.deadLink(w, r), nil
	case err != nil:
		return reply{}, &formError{f, err}
	}
	p.drop(w, resetCookie)
	if p.AfterReset != "" {
		return reply{location: p.AfterReset}, nil
	}
	return reply{location: p.at("done", "after=reset")}, nil
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
	if p.kept(r, cancelCookie) == "" {
		return p.deadLink(w, r), nil
	}
	return p.show(w, r, cancelForm, nil)
}

var cancelForm = form{
	page: pageCancel, path: "cancel", title: "cancel_title", submit: "submit_cancel", intro: []string{"cancel"},
}

func (p *pages) postCancel(w http.ResponseWriter, r *http.Request, _ values) (reply, error) {
	token := p.kept(r, cancelCookie)
	if token == "" {
		return p.deadLink(w, r), nil
	}
	err := p.service(r).CancelReset(r.Context(), passwd.CancelReset{Token: token, Client: p.face.Client(r)})
	switch {
	case errors.Is(err, passwd.ErrTokenInvalid):
		p.drop(w, cancelCookie)
		return p.deadLink(w, r), nil
	case err != nil:
		return reply{}, &formError{cancelForm, err}
	}
	p.drop(w, cancelCookie)
	p.drop(w, resetCookie)
	return reply{location: p.at("done", "after=cancel")}, nil
}

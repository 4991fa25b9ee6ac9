package passwdhttp

import (
	"context"
	"errors"
	"net/http"

	"github.com/passwd-go/passwd"
)

// setting is a page on which the token of a link sets a password: that of a reset, and
// that of an invitation, which differ in words.
type setting struct {
	purpose passwd.Purpose
	cookie  cookie
	page    string // its name
	path    string // its own
	title   string // labels and texts of the catalogue
	intro   string
	check   string // cookie of the live check
	done    string // what has been done
	set     func(*passwd.Service, context.Context, passwd.Reset) (passwd.Written, error)
}

var (
	resetting = setting{
		purpose: passwd.PurposeReset, cookie: resetCookie, page: pageReset, path: "reset/new",
		title: "reset_title", intro: "reset", check: checkReset, done: "reset", set: (*passwd.Service).Reset,
	}
	accepting = setting{
		purpose: passwd.PurposeInvitation, cookie: inviteCookie, page: pageInvitation, path: "invite/new",
		title: "invitation_title", intro: "invitation", check: checkInvitation, done: "set", set: (*passwd.Service).AcceptInvitation,
	}
)

func (p *pages) settingForm(s setting) form {
	return form{
		page: s.page, path: s.path, title: s.title, submit: "submit_reset",
		intro: []string{s.intro}, fields: p.newPassword(fieldUsername), check: s.check,
	}
}

// setByToken says that a link is no longer good before anybody types a password.
func (p *pages) setByToken(s setting) func(http.ResponseWriter, *http.Request) (reply, error) {
	return func(w http.ResponseWriter, r *http.Request) (reply, error) {
		token := p.kept(r, s.cookie)
		if token == "" {
			return p.deadLink(w, r), nil
		}
		a, err := p.whose(r, s.purpose, token)
		switch {
		case errors.Is(err, passwd.ErrTokenInvalid):
			return p.deadLink(w, r), nil
		case err != nil:
			return reply{}, err
		}
		return p.show(w, r, p.ofToken(w, r, p.settingForm(s), token, a))
	}
}

func (p *pages) postByToken(s setting) func(http.ResponseWriter, *http.Request, values) (reply, error) {
	return func(w http.ResponseWriter, r *http.Request, in values) (reply, error) {
		token, b := p.kept(r, s.cookie), p.boundTo(in)
		switch {
		case token == "": // spent by this form, sent before; or there was none
			return p.setBefore(w, r, s, b, in)
		case !b.holds(s.page, token):
			return p.mismatch(w, r, s.purpose, token, s.path, "")
		}
		f := p.settingForm(s)
		f.account = b.account()
		if wrong := f.missing(in); len(wrong) > 0 {
			return p.again(w, r, f, in, wrong)
		}
		a, err := p.whose(r, s.purpose, token)
		if errors.Is(err, passwd.ErrTokenInvalid) {
			return p.setBefore(w, r, s, b, in)
		}
		if err == nil {
			_, err = s.set(p.service(r), r.Context(), passwd.Reset{Token: token, New: in[fieldNew], Client: p.face.Client(r)})
		}
		switch {
		case errors.Is(err, passwd.ErrTokenInvalid): // lost a race, perhaps to itself
			return p.setBefore(w, r, s, b, in)
		case err != nil:
			return reply{}, &formError{f, in, err}
		}
		p.drop(w, s.cookie)
		return p.hasSet(w, r, s, a, in), nil
	}
}

// hasSet leads to the page that says so.
func (p *pages) hasSet(w http.ResponseWriter, r *http.Request, s setting, a passwd.Account, in values) reply {
	name, _ := p.nameOf(a)
	n := did(s.done, a.Ref, name)
	n.Next, n.remarks = p.AfterReset, p.remarksOn(r, a.Ref, in[fieldNew])
	return p.finish(w, n, "after="+s.done)
}

// setBefore answers a form whose token is good no longer: it has done its work
// already, or comes too late.
func (p *pages) setBefore(w http.ResponseWriter, r *http.Request, s setting, b bound, in values) (reply, error) {
	if b.Page == s.page {
		switch made, err := p.repeated(r, b, in[fieldNew]); {
		case err != nil:
			return reply{}, err
		case made:
			p.drop(w, s.cookie)
			return p.hasSet(w, r, s, passwd.Account{Ref: b.account()}, in), nil
		}
	}
	return reply{location: p.at(s.path, "")}, nil
}

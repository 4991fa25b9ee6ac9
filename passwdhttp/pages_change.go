package passwdhttp

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/passwd-go/passwd"
)

// own is the form for who is signed in.
func (p *pages) own(who Principal) form {
	f := form{
		page: pageChange, path: "change", title: "change_title", submit: "submit_change",
		account: who.Account, username: who.Username,
		links: []link{{p.at("forgot", ""), "forgot_title"}},
	}
	f.fields = p.newPassword(fieldUsername, fieldCurrent)
	return f
}

// changeForm is the form for who may go elsewhere as well.
func (p *pages) changeForm(who Principal, must passwd.Reason) form {
	f := p.own(who)
	if p.Sessions != nil && must == passwd.NoReason {
		f.links = append(f.links, link{p.at("devices", ""), "devices_title"})
	}
	return f
}

func (p *pages) change(w http.ResponseWriter, r *http.Request) (reply, error) {
	who, must, err := p.signedIn(r) // who must change their password may do it here as well
	if err != nil {
		return p.askToSignIn(err, p.at("change", ""))
	}
	return p.show(w, r, p.changeForm(who, must), nil)
}

// askToSignIn leads on to where that is done, if nothing else is wrong.
func (p *pages) askToSignIn(err error, next string) (reply, error) {
	if to := p.signIn(next); to != "" && passwd.CodeOf(err) == passwd.CodeUnauthenticated {
		return reply{location: to}, nil
	}
	return reply{}, err
}

func (p *pages) postChange(w http.ResponseWriter, r *http.Request, in values) (reply, error) {
	who, must, err := p.signedIn(r)
	if err != nil {
		return reply{}, err // no redirect: a form must not lead to another origin
	}
	f := p.changeForm(who, must)
	if wrong := f.missing(in); len(wrong) > 0 {
		return p.show(w, r, f, wrong)
	}
	renewed, err := p.changeOwn(w, r, p.asked(r, who, in))
	if err != nil {
		return reply{}, &formError{f, err}
	}
	if renewed && p.AfterChange != "" {
		return reply{location: p.AfterChange}, nil
	}
	return p.finished(renewed, ""), nil
}

// asked is the change that the form of who is signed in asks for.
func (p *pages) asked(r *http.Request, who Principal, in values) passwd.Change {
	return passwd.Change{
		Account: who.Account, Current: in[fieldCurrent], New: in[fieldNew],
		KeepSession: who.Session, Client: p.face.Client(r),
	}
}

// finished leads to the page that says that the password has been changed and,
// unless the session goes on, has them sign in again.
func (p *pages) finished(renewed bool, next string) reply {
	if renewed {
		return reply{location: p.at("done", "")}
	}
	query := url.Values{"after": {"forced"}}
	if next != "" {
		query.Set(fieldNext, next)
	}
	return reply{location: p.at("done", query.Encode())}
}

// The forms of a forced change: by the ticket of a sign-in, or by the session of
// a host that keeps one behind Enforce.

func (p *pages) byTicket(next string) form {
	f := form{
		page: pageForced, path: "forced", title: "forced_title", submit: "submit_reset",
		intro: []string{"forced"}, next: next, check: checkTicket,
	}
	f.fields = p.newPassword(fieldUsername)
	return f
}

func (p *pages) bySession(who Principal, must passwd.Reason, next string) form {
	f := p.own(who)
	f.page, f.path, f.title, f.next = pageForced, "forced", "forced_title", next
	switch must {
	case passwd.Temporary:
		f.intro = []string{"forced_temporary"}
	case passwd.Expired:
		f.intro = []string{"forced_expired"}
	default:
		f.intro = []string{"forced"}
	}
	return f
}

func (p *pages) forced(w http.ResponseWriter, r *http.Request) (reply, error) {
	next := SafeNext(r.URL.Query().Get(fieldNext))
	if ticket := p.kept(r, ticketCookie); ticket != "" {
		// A check of nothing tells whether the ticket is still good.
		_, err := p.service(r).Check(r.Context(), passwd.Check{Ticket: ticket, Client: p.face.Client(r)})
		switch {
		case err == nil, errors.Is(err, passwd.ErrRateLimited):
			return p.show(w, r, p.byTicket(next), nil)
		case !errors.Is(err, passwd.ErrTokenInvalid):
			return reply{}, err
		}
		p.drop(w, ticketCookie)
	}
	who, must, err := p.signedIn(r)
	switch {
	case passwd.CodeOf(err) == passwd.CodeUnauthenticated:
		return p.tooLate(w, r, next), nil
	case err != nil:
		return reply{}, err
	case must == passwd.NoReason:
		return p.onward(next), nil
	}
	return p.show(w, r, p.bySession(who, must, next), nil)
}

// onward leads to next, or to the change page of who need not be there.
func (p *pages) onward(next string) reply {
	if next == "" {
		next = p.at("change", "")
	}
	return reply{location: next}
}

func (p *pages) postForced(w http.ResponseWriter, r *http.Request, in values) (reply, error) {
	next := SafeNext(in[fieldNext])
	if ticket := p.kept(r, ticketCookie); ticket != "" {
		return p.spendTicket(w, r, ticket, next, in)
	}
	who, must, err := p.signedIn(r)
	switch {
	case passwd.CodeOf(err) == passwd.CodeUnauthenticated:
		return p.tooLate(w, r, next), nil
	case err != nil:
		return reply{}, err
	case must == passwd.NoReason: // sent twice: the first has done it
		return p.onward(next), nil
	}
	f := p.bySession(who, must, next)
	if wrong := f.missing(in); len(wrong) > 0 {
		return p.show(w, r, f, wrong)
	}
	renewed, err := p.changeOwn(w, r, p.asked(r, who, in))
	switch {
	case err != nil:
		return reply{}, &formError{f, err}
	case renewed && next != "":
		return reply{location: next}, nil
	case renewed && p.AfterChange != "":
		return reply{location: p.AfterChange}, nil
	}
	return p.finished(renewed, next), nil
}

func (p *pages) spendTicket(w http.ResponseWriter, r *http.Request, ticket passwd.Token, next string, in values) (reply, error) {
	f := p.byTicket(next)
	if wrong := f.missing(in); len(wrong) > 0 {
		return p.show(w, r, f, wrong)
	}
	_, err := p.service(r).ChangeWithTicket(r.Context(), passwd.ChangeWithTicket{
		Ticket: ticket, New: in[fieldNew], Client: p.face.Client(r),
	})
	switch {
	case errors.Is(err, passwd.ErrTokenInvalid):
		p.drop(w, ticketCookie)
		return p.tooLate(w, r, next), nil
	case err != nil:
		return reply{}, &formError{f, err}
	}
	p.drop(w, ticketCookie)
	return p.finished(false, next), nil
}

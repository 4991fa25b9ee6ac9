package passwdhttp

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"

	"github.com/passwd-go/passwd"
)

// own is the form for a signed-in user.
func (p *pages) own(who Principal) form {
	f := form{
		page: pageChange, path: "change", title: "change_title", submit: "submit_change",
		account: who.Account, username: who.Username, bound: toAccount(pageChange, who),
		links: p.sendable(link{p.at("forgot", ""), "forgot_title"}),
	}
	f.fields = p.newPassword(fieldUsername, fieldCurrent)
	return f
}

// changeForm is the form for a user who may also go elsewhere.
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
	return p.show(w, r, p.changeForm(who, must))
}

// askToSignIn leads on to where that is done, if nothing else is wrong.
func (p *pages) askToSignIn(err error, next string) (reply, error) {
	if to := p.signIn(next); to != "" && passwd.CodeOf(err) == passwd.CodeUnauthenticated {
		return reply{location: to}, nil
	}
	return reply{}, err
}

func (p *pages) postChange(w http.ResponseWriter, r *http.Request, in values) (reply, error) {
	b := p.boundTo(in)
	who, must, err := p.signedIn(r)
	switch {
	case passwd.CodeOf(err) == passwd.CodeUnauthenticated && b.Page == pageChange:
		return p.changedBefore(w, r, b, in, err)
	case err != nil:
		return reply{}, err // no redirect: a form must not lead to another origin
	case !b.same(toAccount(pageChange, who)):
		return p.instead(w, "change", "", insteadStale), nil
	}
	f := p.changeForm(who, must)
	if wrong := f.missing(in); len(wrong) > 0 {
		return p.again(w, r, f, in, wrong)
	}
	return p.changeIn(w, r, f, who, b, in, "")
}

// changeIn makes the change that the form of a signed-in user asks for, unless that has
// been made already: by the same form, sent before.
func (p *pages) changeIn(w http.ResponseWriter, r *http.Request, f form, who Principal, b bound, in values, next string) (reply, error) {
	renewed, err := p.changeOwn(holdBack(w), r, p.asked(r, who, in))
	undescribe(w)
	switch {
	case errors.Is(err, passwd.ErrWrongPassword), errors.Is(err, passwd.ErrConflict):
		made, broken := p.repeated(r, b, in[fieldNew])
		if broken != nil || !made {
			return reply{}, &formError{f, in, cmp.Or(broken, err)}
		}
		renewed = true // they are signed in
	case err != nil:
		return reply{}, &formError{f, in, err}
	}
	return p.hasChanged(w, r, who, renewed, next, in), nil
}

// changedBefore answers a form whose session is over: perhaps because it has been
// sent before, has changed the password, and the reply got lost.
func (p *pages) changedBefore(w http.ResponseWriter, r *http.Request, b bound, in values, otherwise error) (reply, error) {
	made, err := p.repeated(r, b, in[fieldNew])
	if err != nil || !made {
		return reply{}, cmp.Or(err, otherwise)
	}
	return p.hasChanged(w, r, Principal{Account: b.account()}, false, SafeNext(in[fieldNext]), in), nil
}

// hasChanged leads to the page that says that the password has been changed. From
// there it goes on to next, or to where the host wants; unless the session is over, and
// they have to sign in again.
func (p *pages) hasChanged(w http.ResponseWriter, r *http.Request, who Principal, renewed bool, next string, in values) reply {
	told := p.remarksOn(r, who.Account, in[fieldNew])
	if renewed {
		n := did("change", who.Account, who.Username)
		n.Next, n.remarks = cmp.Or(next, p.AfterChange), told
		return p.finish(w, n, "")
	}
	query := url.Values{"after": {"forced"}}
	if next != "" {
		query.Set(fieldNext, next)
	}
	n := did("forced", who.Account, who.Username)
	n.remarks = told
	return p.finish(w, n, query.Encode())
}

// asked is the change that the form of a signed-in user asks for.
func (p *pages) asked(r *http.Request, who Principal, in values) passwd.Change {
	return passwd.Change{
		Account: who.Account, Current: in[fieldCurrent], New: in[fieldNew],
		KeepSession: who.Session, Client: p.face.Client(r),
	}
}

// The forms of a forced change: by the ticket of a sign-in, or by the session of
// a host that keeps one behind Enforce.

func (p *pages) byTicket(next string, why passwd.Reason) form {
	f := form{
		page: pageForced, path: "forced", title: "forced_title", submit: "submit_reset",
		intro: []string{whyForced(why)}, next: next, check: checkTicket,
	}
	f.fields = p.newPassword(fieldUsername)
	return f
}

func (p *pages) bySession(who Principal, must passwd.Reason, next string) form {
	f := p.own(who)
	f.page, f.path, f.title, f.next = pageForced, "forced", "forced_title", next
	f.bound, f.intro = toAccount(pageForced, who), []string{whyForced(must)}
	return f
}

// whyForced is the text that says why a password must be changed.
func whyForced(why passwd.Reason) string {
	switch why {
	case passwd.Temporary:
		return "forced_temporary"
	case passwd.Expired:
		return "forced_expired"
	}
	return "forced"
}

func (p *pages) forced(w http.ResponseWriter, r *http.Request) (reply, error) {
	next := SafeNext(r.URL.Query().Get(fieldNext))
	if ticket := p.kept(r, ticketCookie); ticket != "" {
		a, err := p.whose(r, passwd.PurposeTicket, ticket)
		switch {
		case err == nil:
			return p.show(w, r, p.ofToken(w, r, p.byTicket(next, a.Must), ticket, a))
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
	return p.show(w, r, p.bySession(who, must, next))
}

// onward leads to next, or to the ordinary change page for a user who need not be here.
func (p *pages) onward(next string) reply {
	return reply{location: cmp.Or(next, p.at("change", ""))}
}

func (p *pages) postForced(w http.ResponseWriter, r *http.Request, in values) (reply, error) {
	next, b := SafeNext(in[fieldNext]), p.boundTo(in)
	if ticket := p.kept(r, ticketCookie); ticket != "" {
		return p.spendTicket(w, r, ticket, b, next, in)
	}
	who, must, err := p.signedIn(r)
	switch {
	case passwd.CodeOf(err) == passwd.CodeUnauthenticated, err == nil && b.Token != "":
		return p.forcedBefore(w, r, b, next, in)
	case err != nil:
		return reply{}, err
	case !b.same(toAccount(pageForced, who)):
		return p.instead(w, "forced", nextQuery(next), insteadStale), nil
	case must == passwd.NoReason: // sent twice: the first has done it
		made, err := p.repeated(r, b, in[fieldNew])
		switch {
		case err != nil:
			return reply{}, err
		case made:
			return p.hasChanged(w, r, who, true, next, in), nil
		}
		n := did("unneeded", who.Account, "")
		n.Next = p.onward(next).location
		return p.finish(w, n, "after=unneeded"), nil
	}
	f := p.bySession(who, must, next)
	if wrong := f.missing(in); len(wrong) > 0 {
		return p.again(w, r, f, in, wrong)
	}
	return p.changeIn(w, r, f, who, b, in, next)
}

func nextQuery(next string) string { return form{next: next}.query() }

// forcedBefore answers a form that has no ticket any more: it has spent it, or comes
// too late.
func (p *pages) forcedBefore(w http.ResponseWriter, r *http.Request, b bound, next string, in values) (reply, error) {
	if b.Page == pageForced {
		switch made, err := p.repeated(r, b, in[fieldNew]); {
		case err != nil:
			return reply{}, err
		case made:
			return p.hasChanged(w, r, Principal{Account: b.account()}, false, next, in), nil
		}
	}
	return p.instead(w, "forced", nextQuery(next), insteadLate), nil
}

func (p *pages) spendTicket(w http.ResponseWriter, r *http.Request, ticket passwd.Token, b bound, next string, in values) (reply, error) {
	if !b.holds(pageForced, ticket) {
		return p.mismatch(w, r, passwd.PurposeTicket, ticket, "forced", nextQuery(next))
	}
	f := p.byTicket(next, passwd.NoReason)
	f.account = b.account()
	if wrong := f.missing(in); len(wrong) > 0 {
		return p.again(w, r, f, in, wrong)
	}
	written, err := p.service(r).ChangeWithTicket(r.Context(), passwd.ChangeWithTicket{
		Ticket: ticket, New: in[fieldNew], Client: p.face.Client(r),
	})
	switch {
	case errors.Is(err, passwd.ErrTokenInvalid):
		p.drop(w, ticketCookie)
		return p.forcedBefore(w, r, b, next, in)
	case err != nil:
		return reply{}, &formError{f, in, err}
	}
	p.drop(w, ticketCookie)
	return p.hasChanged(w, r, Principal{Account: written.Account}, p.resume(w, r, written), next, in), nil
}

// resume has the host begin the session that the sign-in before a forced change
// would have begun, and reports whether it did.
func (p *pages) resume(w http.ResponseWriter, r *http.Request, written passwd.Written) bool {
	if p.Resume == nil {
		return false
	}
	if err := p.Resume(w, r, written); err != nil {
		p.Service.Observe(r.Context(), passwd.Event{
			Name: passwd.EventAfterWriteFailed, Account: written.Account, Outcome: "failure", Reason: "resume",
			Method: written.Method, Client: p.face.Client(r), Err: err,
		})
		return false
	}
	return true
}

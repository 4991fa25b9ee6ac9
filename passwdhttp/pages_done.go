package passwdhttp

import (
	"net/http"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
)

// done says what has been done, by the note that was left for it. Anybody can open
// it, or have somebody open it: without the note it has nothing to tell.
func (p *pages) done(w http.ResponseWriter, r *http.Request) (reply, error) {
	words := p.printer(w, r)
	query := r.URL.Query()
	n, ok := p.left(r, doneCookie)
	if after := query.Get("after"); !ok || n.Done != after && (n.Done != "change" || after != "") {
		v := p.view(words, pageDone, "nothing_title")
		v.Intro = []string{words.Text("nothing")}
		v.Links = p.worded(words, []link{{p.home(), "continue"}, {p.signIn(""), "sign_in"}})
		return reply{status: http.StatusOK, view: v}, nil
	}
	v := p.view(words, pageDone, "done_title")
	switch n.Done {
	case "cancel":
		v = p.view(words, pageDone, "cancelled_title")
		v.Said = words.Text("cancelled")
		v.Action = &Link{p.at("forgot", ""), words.Label("new_link")}
	case "kept":
		v = p.view(words, pageDone, "kept_title")
		v.Said = words.Text("kept")
		v.Links = p.worded(words, []link{{p.home(), "continue"}})
	case "unneeded":
		v.Heading, v.Said = words.Problem(passwd.CodeNoChangeNeeded)
		v.Title = v.Heading
	case "signin":
		v = p.view(words, pageDone, "signed_in_title")
	case "set":
		v = p.view(words, pageDone, "set_title")
		p.signedOut(r, words, n, "", &v)
	case "reset", "forced":
		p.signedOut(r, words, n, SafeNext(query.Get(fieldNext)), &v)
	default:
		v.Said = words.Text("done_change")
		v.Links = p.worded(words, []link{{p.home(), "continue"}})
	}
	v.Intro = append(v.Intro, n.texts(words)...)
	if n.Next != "" {
		v.Onward, v.Links = n.Next, []Link{{n.Next, words.Label("continue")}}
	}
	if len(n.Notes) > 0 {
		v.Onward = "" // what nobody could see is to be read first
	}
	return reply{status: http.StatusOK, view: v}, nil
}

// signedOut fills in the page after a change that has ended all sessions of an
// account: unless that of another is open in this browser, which it has not touched.
func (p *pages) signedOut(r *http.Request, words locale.Printer, n note, next string, v *View) {
	who, _, err := p.signedIn(r)
	account := passwd.Ref{Tenant: n.Tenant, ID: n.ID}
	if err == nil && who.Account != account { // "your password" were theirs
		v.Heading = words.Label("done_other_title")
		v.Title = v.Heading
	}
	switch {
	case err == nil && who.Account == account: // signed in once more since
		v.Said = words.Text("done_change")
		v.Links = p.worded(words, []link{{p.home(), "continue"}})
	case err == nil && n.Name != "" && who.Username != "":
		v.Said = fill(fill(words.Text("done_other"), "account", isolated(n.Name)), "you", isolated(who.Username))
		v.Links = p.worded(words, []link{{p.home(), "continue"}})
	case err == nil:
		v.Said = words.Text("done_another")
		v.Links = p.worded(words, []link{{p.home(), "continue"}})
	default:
		v.Said = words.Text("done_reset")
		if n.Done == "set" { // there was nothing to be signed out of
			v.Said = words.Text("done_set")
		}
		v.Links = p.worded(words, []link{{p.signIn(next), "sign_in"}})
	}
}

// expired says why something is no longer good, and how to get another.
func (p *pages) expired(w http.ResponseWriter, r *http.Request, text string, again link) reply {
	words := p.printer(w, r)
	title := "expired_title"
	if text != "expired_link" {
		title = "too_late_title"
	}
	v := p.view(words, pageExpired, title)
	v.Title = errorTitle(words, v.Title)
	v.Intro = []string{words.Text(text)}
	for _, l := range []link{again, {p.signIn(""), "sign_in"}} {
		if l.url != "" && (len(v.Links) == 0 || l.label != again.label) {
			v.Links = append(v.Links, Link{l.url, words.Label(l.label)})
		}
	}
	return reply{status: statuses[passwd.CodeInvalidToken], view: v}
}

// deadLink is the page of a link that is wrong, spent or too old.
func (p *pages) deadLink(w http.ResponseWriter, r *http.Request) reply {
	return p.expired(w, r, "expired_link", link{p.at("forgot", ""), "new_link"})
}

// tooLate is the page of a ticket that is spent or too old.
func (p *pages) tooLate(w http.ResponseWriter, r *http.Request, next string) reply {
	return p.expired(w, r, "expired_ticket", link{p.signIn(next), "sign_in"})
}

// stale is the page of a form that was shown for another account than the browser
// has open now.
func (p *pages) stale(w http.ResponseWriter, r *http.Request, path string) reply {
	words := p.printer(w, r)
	title, text := "stale_title", "stale_link"
	ofAccount := path == "change" || path == "devices" || path == "forced"
	if ofAccount {
		title, text = "open_again", "stale_page"
	}
	v := p.view(words, pageExpired, title)
	v.Title = errorTitle(words, v.Title)
	if ofAccount {
		v.Action = &Link{r.URL.RequestURI(), words.Label("open_again")}
	} else {
		v.Links = []Link{{p.at("forgot", ""), words.Label("new_link")}}
	}
	v.Said = words.Text(text)
	return reply{status: http.StatusConflict, view: v}
}

// noPassword is the page of an account that signs in elsewhere, in place of a form.
func (p *pages) noPassword(w http.ResponseWriter, r *http.Request) reply {
	words := p.printer(w, r)
	v := p.view(words, pageExpired, "no_password_title")
	v.Intro = []string{words.Text("no_password")}
	v.Links = p.worded(words, []link{{p.home(), "continue"}})
	return reply{status: http.StatusOK, view: v}
}

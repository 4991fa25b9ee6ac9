package passwdhttp

import (
	"net/http"

	"github.com/passwd-go/passwd"
)

// done says what has been done, which its parameter tells: it is a page that
// anybody can open, and says nothing about anybody.
func (p *pages) done(w http.ResponseWriter, r *http.Request) (reply, error) {
	words := p.printer(w, r)
	v := p.view(words, pageDone, "done_title")
	query := r.URL.Query()
	switch query.Get("after") {
	case "cancel":
		v = p.view(words, pageDone, "cancelled_title")
		v.Intro = []string{words.Text("cancelled")}
		v.Links = []Link{{p.at("forgot", ""), words.Label("new_link")}}
	case "reset", "forced":
		v.Intro = []string{words.Text("done_reset")}
		if to := p.signIn(SafeNext(query.Get(fieldNext))); to != "" {
			v.Links = []Link{{to, words.Label("sign_in")}}
		}
	default:
		v.Intro = []string{words.Text("done_change")}
		v.Links = []Link{{p.home(), words.Label("continue")}}
	}
	return reply{status: http.StatusOK, view: v}, nil
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

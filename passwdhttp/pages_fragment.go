package passwdhttp

import (
	"net/http"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
)

// fieldToken is the field by which the script hands on what it has found behind
// the "#" of a link, and paramTaken tells the page that asks whether to cancel from
// the one that such a link opens.
const (
	fieldToken = "token"
	paramTaken = "taken"
)

// landing is the page that a link of Links.FragmentNeedsJavaScript opens. The
// server sees no token: the script posts it from here to where takePosted keeps it,
// and takes it out of the address bar; without one in the link it goes straight
// on. What there is to read is for those whose browser runs no script.
func (p *pages) landing(w http.ResponseWriter, r *http.Request, heading, action, on string) reply {
	words := p.printer(w, r)
	v := p.view(words, pageLanding, heading)
	v.Intro = []string{words.Text("fragment")}
	v.Fragment = &Fragment{Action: action, Without: on}
	v.Links = []Link{{p.at("forgot/code", ""), words.Label("use_code")}}
	return reply{status: http.StatusOK, view: v}
}

// land is where links that set a password lead, if there are tokens behind a "#".
func (p *pages) land(s setting, link string) func(http.ResponseWriter, *http.Request) (reply, error) {
	return func(w http.ResponseWriter, r *http.Request) (reply, error) {
		if r.URL.Query().Has("token") { // sent before
			return p.takeToken(s.cookie, p.at(s.path, ""))(w, r)
		}
		return p.landing(w, r, s.title, p.at(link, ""), p.at(s.path, "")), nil
	}
}

// takePosted takes a token from the script into a cookie, and goes on. It asks
// nobody whether the token is good, and spends nothing.
func (p *pages) takePosted(k cookie, on string) func(http.ResponseWriter, *http.Request, values) (reply, error) {
	return func(w http.ResponseWriter, _ *http.Request, in values) (reply, error) {
		p.keep(w, k, passwd.Token(in[fieldToken]))
		return reply{location: on}, nil
	}
}

// fragmentRoutes are those for links with a "#".
func (p *pages) fragmentRoutes() map[string]endpoint.Methods {
	return map[string]endpoint.Methods{
		"reset":       {"GET": p.get(p.land(resetting, "reset/link"))},
		"invite":      {"GET": p.get(p.land(accepting, "invite/link"))},
		"invite/link": {"POST": p.post(p.takePosted(inviteCookie, p.at("invite/new", "")))},
		"reset/link":  {"POST": p.post(p.takePosted(resetCookie, p.at("reset/new", "")))},
		"cancel/link": {"POST": p.post(p.takePosted(cancelCookie, p.confirm()))},
	}
}

// confirm is where somebody is asked whether to cancel.
func (p *pages) confirm() string { return p.at("cancel", p.takenQuery()) }

// takenQuery tells the page that asks from the one that a link opens.
func (p *pages) takenQuery() string {
	if p.fragments {
		return paramTaken
	}
	return ""
}

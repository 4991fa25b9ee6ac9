package passwdhttp

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/passwd-go/passwd"
)

// Every form is answered by a redirect, so that going back asks nobody whether to
// send it again. What the next page is to tell goes along in a cookie, sealed: no link
// can have a page tell what has not happened.

// note is what one page leaves for the next.
type note struct {
	Path string `json:"p"` // below the mount, of the page that it is for
	At   int64  `json:"a"` // Unix time

	// What has been done, for the page that says so: "reset", "forced" (a change after
	// which they sign in), "change", "cancel", "kept", "unneeded", "signin"; of devices "one" or "others".
	Done   string `json:"d,omitempty"`
	Name   string `json:"n,omitempty"` // of the account; "" if the page has none to name
	Tenant string `json:"t,omitempty"`
	ID     string `json:"i,omitempty"`
	Next   string `json:"x,omitempty"` // where to go on to

	// What is wrong with a form, for its own page.
	Status int                 `json:"s,omitempty"`
	Retry  string              `json:"r,omitempty"` // Retry-After
	Wrong  map[string][]string `json:"w,omitempty"` // by field; "" is none
	Broken []string            `json:"b,omitempty"` // requirements that a new password does not meet
	Others []string            `json:"v,omitempty"` // what else is wrong with it
	Typed  map[string]string   `json:"f,omitempty"` // never a password
	remarks
	// Instead tells that another page is to be shown in its place.
	Instead string `json:"o,omitempty"`
}

var (
	againCookie = cookie{"passwd-again", time.Minute}
	doneCookie  = cookie{"passwd-done", 10 * time.Minute}
)

// maxNote is what browsers take in a cookie, with room for its name and attributes.
const maxNote = 3800

// leave puts a note into a cookie; false if it does not fit.
func (c Config) leave(w http.ResponseWriter, k cookie, n note) bool {
	n.At = time.Now().Unix()
	sealed := c.Service.SealForm(k.name, marshal(n))
	if len(sealed) > maxNote {
		return false
	}
	http.SetCookie(w, c.cookie(k, sealed, int(k.life/time.Second)))
	return true
}

// left returns the note in a cookie, if it is for the page of this request.
func (p *pages) left(r *http.Request, k cookie) (n note, ok bool) {
	found, err := r.Cookie(p.cookieName(k))
	if err != nil || len(found.Value) > maxNote {
		return note{}, false
	}
	plain, ok := p.Service.OpenForm(k.name, found.Value)
	if !ok || json.Unmarshal(plain, &n) != nil || p.base+n.Path != r.URL.Path {
		return note{}, false
	}
	return n, time.Since(time.Unix(n.At, 0)) <= k.life
}

// again sends the browser back to a form, with what was wrong. What does not fit into
// a cookie is told at once.
func (p *pages) again(w http.ResponseWriter, r *http.Request, f form, in values, err error) (reply, error) {
	words := p.speaker(r)
	h := w.Header()
	n := note{Path: f.path, Retry: h.Get("Retry-After"), Typed: f.typed(in)}
	n.Status, n.Wrong = f.judge(words, err, n.Retry)
	if rejected, ok := errors.AsType[*passwd.PolicyError](err); ok {
		requirements, err := p.requirements(r, f)
		if err != nil {
			return reply{}, err
		}
		n.Broken, n.Others = broken(words, requirements, rejected.Violations)
		n.remarks = p.remarksOn(r, f.account, in[fieldNew])
	}
	if !p.leave(w, againCookie, n) {
		return p.render(w, r, f, n)
	}
	h.Del("Retry-After")
	return reply{location: p.at(f.path, f.query())}, nil
}

// instead has the page at path show another in its place, once.
func (p *pages) instead(w http.ResponseWriter, path, query, which string) reply {
	p.leave(w, againCookie, note{Path: path, Instead: which})
	return reply{location: p.at(path, query)}
}

// The pages that are shown instead of another.
const (
	insteadStale = "stale" // the form was for another account
	insteadLate  = "late"  // the ticket is spent or too old
	insteadOver  = "over"  // the code had its last try
)

// noted shows what a note has to say about a page, before the page itself.
func (p *pages) noted(call func(http.ResponseWriter, *http.Request) (reply, error)) func(http.ResponseWriter, *http.Request) (reply, error) {
	return func(w http.ResponseWriter, r *http.Request) (reply, error) {
		n, ok := p.left(r, againCookie)
		if !ok || n.Instead == "" {
			return call(w, r)
		}
		p.drop(w, againCookie)
		switch n.Instead {
		case insteadLate:
			return p.tooLate(w, r, SafeNext(r.URL.Query().Get(fieldNext))), nil
		case insteadOver:
			return p.codeOver(w, r), nil
		}
		return p.stale(w, r, n.Path), nil
	}
}

// done leaves a note of what has been done, and leads to the page that tells it.
func (p *pages) finish(w http.ResponseWriter, n note, query string) reply {
	n.Path = "done"
	p.leave(w, doneCookie, n)
	return reply{location: p.at("done", query)}
}

// did is a note of what has been done to an account.
func did(what string, account passwd.Ref, name string) note {
	return note{Done: what, Tenant: account.Tenant, ID: account.ID, Name: name}
}

// wait puts a Retry-After into words, "45 seconds" or "3 minutes"; "" if there is none,
// and for a few seconds, which are over before they are read. No number is 1, so that
// every language has one form for them.
func wait(label func(string) string, retry string) string {
	seconds, err := strconv.Atoi(retry)
	if err != nil || seconds < 5 {
		return ""
	}
	unit := "seconds"
	if seconds = (seconds + 4) / 5 * 5; seconds > 90 {
		unit, seconds = "minutes", (seconds+59)/60
	}
	return fill(label(unit), "n", strconv.Itoa(seconds))
}

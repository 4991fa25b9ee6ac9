//go:build unix

package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/passwd-go/passwd/internal/testrun"
)

// life is a server that is killed now and then: the process that runs at the moment.
type life struct {
	mu   sync.Mutex
	p    *process
	next chan struct{} // closed when another runs
}

func newLife(p *process) *life { return &life{p: p, next: make(chan struct{})} }

func (l *life) current() (*process, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.p, l.next
}

func (l *life) restart(p *process) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.p = p
	close(l.next)
	l.next = make(chan struct{})
}

// post sends a JSON body to the process that runs. An error: there was no answer,
// and nobody knows what became of the request. It returns when the next one runs.
func (l *life) post(path, bearer, body string) (status int, answer string, err error) {
	p, next := l.current()
	status, answer, err = exchange("POST", p.origin+path, bearer, body)
	if err != nil {
		select {
		case <-next:
		case <-time.After(testrun.Patience(nil)):
			err = errors.Join(err, errGone)
		}
	}
	return status, answer, err
}

var errGone = errors.New("the server is gone, and no other was started")

func exchange(method, url, bearer, body string) (int, string, error) {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	client := http.Client{Timeout: testrun.Patience(nil)}
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, string(answer), err
}

// owner is one account's owner, who signs in, changes the password and forgets it
// all the time, at one server and another. An answer that is not one leaves open
// what happened; then the owner tries which password it is.
type owner struct {
	t       *testing.T
	servers []*life
	n       int
	outages *atomic.Int64 // counts answers of 503; nil: there must be none, as the database is there

	turn     int
	password string // the last that was acknowledged
	perhaps  string // one whose answer was lost, or ""
	seen     int    // links received so far
	dead     int    // of these, the ones that a write has voided

	epoch    int64 // to begin with
	accepted int   // requests for a link
	lost     int   // answers that did not come
	down     int   // answers 503
	refused  int   // resets whose token was not good any more
	resets   written
	changes  written
	rounds   int
	slowest  time.Duration
}

// written counts writes of one kind.
type written struct{ done, unsure int }

func (o *owner) address() string { return fmt.Sprintf("user%d@example.com", o.n) }

// ask sends a request. known is false if nobody knows what became of it.
func (o *owner) ask(path, bearer, body string) (status int, answer string, known bool) {
	o.turn++
	began := time.Now()
	status, answer, err := o.servers[o.turn%len(o.servers)].post(path, bearer, body)
	if errors.Is(err, errGone) || err != nil && o.outages != nil {
		o.t.Errorf("%s: %v", path, err)
	}
	if err != nil {
		o.lost++
		return 0, "", false
	}
	o.slowest = max(o.slowest, time.Since(began))
	if o.outages != nil && status == http.StatusServiceUnavailable {
		if !strings.Contains(answer, `"code":"unavailable"`) && !strings.Contains(answer, `"code":"busy"`) {
			o.t.Errorf("%s: 503 %s", path, answer)
		}
		o.down++
		o.outages.Add(1)
		pause(context.Background(), 50*time.Millisecond)
		return status, answer, false
	}
	return status, answer, true
}

// loop goes on until ctx ends, or something is wrong.
func (o *owner) loop(ctx context.Context, finished func()) {
	for ctx.Err() == nil && o.change() && o.reset() {
		o.rounds++
		finished()
	}
}

// change changes the password, and reports whether to go on.
func (o *owner) change() bool {
	status, answer, known := o.ask("/dev/sign-in", "", object("tenant", "", "login", o.address(), "password", o.password))
	if !known {
		return true
	}
	if status != http.StatusOK {
		o.t.Errorf("user%d: sign-in with the acknowledged password: %d %s", o.n, status, answer)
		return false
	}
	bearer := reply{body: answer}.field("access_token")
	next := rand.Text()
	status, answer, known = o.ask(api+"change", bearer, object("current_password", o.password, "new_password", next))
	if known && status != http.StatusNoContent {
		o.t.Errorf("user%d: change: %d %s", o.n, status, answer)
		return false
	}
	o.wrote(&o.changes, next, known)
	return true
}

// reset asks for a link and follows it.
func (o *owner) reset() bool {
	status, answer, known := o.ask(api+"forgot", "", object("login", o.address()))
	if !known {
		return true
	}
	if status != http.StatusAccepted {
		o.t.Errorf("user%d: forgot: %d %s", o.n, status, answer)
		return false
	}
	o.accepted++
	token, ok := o.link()
	if !ok {
		o.t.Errorf("user%d: an accepted request was lost", o.n)
		return false
	}
	next := rand.Text()
	status, answer, known = o.ask(api+"reset", "", object("token", token, "new_password", next))
	switch {
	case known && status == http.StatusUnprocessableEntity && strings.Contains(answer, "invalid_token"):
		o.refused++ // voided by a write whose answer was lost
		return true
	case known && status != http.StatusNoContent:
		o.t.Errorf("user%d: reset: %d %s", o.n, status, answer)
		return false
	}
	o.wrote(&o.resets, next, known)
	return true
}

// wrote takes note of a write that was acknowledged, or whose answer was lost.
func (o *owner) wrote(w *written, next string, known bool) {
	if known {
		w.done++
		o.dead = o.seen
		o.password, o.perhaps = next, ""
		return
	}
	w.unsure++
	o.perhaps = next
	o.settle()
}

// settle finds out which password is the account's: one that was acknowledged must
// be, unless one whose answer was lost is.
func (o *owner) settle() {
	for tries := 0; tries < 2000; tries++ {
		right, known := o.signsIn(o.password)
		if !known {
			continue
		}
		if right {
			o.perhaps = ""
			return
		}
		if o.perhaps == "" {
			o.t.Errorf("user%d: an acknowledged password does not sign in", o.n)
			return
		}
		o.password, o.perhaps = o.perhaps, ""
		o.dead = o.seen
	}
	o.t.Errorf("user%d: no answer to any sign-in", o.n)
}

func (o *owner) signsIn(password string) (right, known bool) {
	status, answer, known := o.ask("/dev/sign-in", "", object("tenant", "", "login", o.address(), "password", password))
	if known && status != http.StatusOK && status != http.StatusUnauthorized {
		o.t.Errorf("user%d: sign-in: %d %s", o.n, status, answer)
	}
	return status == http.StatusOK, known
}

// link waits for one more message than was seen, and returns the newest token. With
// three links that were not used, a further request is rightly dropped: then the
// newest will do.
func (o *owner) link() (string, bool) {
	const quota = 3
	deadline := time.Now().Add(testrun.Patience(o.t))
	for time.Now().Before(deadline) {
		if links, err := o.links(); err == nil && (len(links) > o.seen || len(links)-o.dead >= quota) {
			o.seen = len(links)
			return links[len(links)-1].Token, true
		}
		pause(context.Background(), 100*time.Millisecond)
	}
	return "", false
}

func (o *owner) links() (links []mail, err error) {
	o.turn++
	p, _ := o.servers[o.turn%len(o.servers)].current()
	status, answer, err := exchange("GET", p.origin+"/dev/messages", "", "")
	if err != nil {
		return nil, err
	}
	if status == http.StatusInternalServerError {
		o.t.Errorf("messages: %d %s", status, answer)
	}
	var all []mail
	if err := json.Unmarshal([]byte(answer), &all); err != nil || status != http.StatusOK {
		return nil, errors.Join(err, fmt.Errorf("status %d", status))
	}
	for _, m := range all {
		if m.To == o.address() && m.Kind == "reset_link" {
			links = append(links, m)
		}
	}
	return links, nil
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

//go:build unix

package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestKill drives resets from 16 clients against a server that is killed again
// and again, and restarted on the same file: no account with a half-written
// state, no accepted request without its message, no password that got a
// success and does not sign in (I2).
func TestKill(t *testing.T) {
	kills := 2
	if os.Getenv("PASSWD_TEST_LONG") != "" {
		kills = 20
	}
	const clients = 16
	file := copyOfSeeded(t)
	people(t, file, clients, adaPassword)
	life := newLife(spawn(t, file, "-insecure-no-limits"))

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	all := make([]*resetter, clients)
	for i := range all {
		all[i] = &resetter{t: t, life: life, n: i, password: adaPassword}
		wg.Go(func() { all[i].loop(ctx) })
	}
	for n := range kills {
		pause(ctx, 500*time.Millisecond+rand.N(1500*time.Millisecond))
		life.current().kill()
		if n == kills-1 {
			cancel() // the clients finish what they are at on the last server
		}
		life.restart(spawn(t, file, "-insecure-no-limits"))
	}
	wg.Wait()

	resets := 0
	for _, r := range all {
		resets += r.done
		r.settle()
	}
	examine(t, file, all)
	t.Logf("%d kills, %d resets, %d requests accepted, %d answers lost", kills, resets, total(all, func(r *resetter) int { return r.accepted }), total(all, func(r *resetter) int { return r.lost }))
	if resets < kills {
		t.Errorf("%d resets only: nothing was under load", resets)
	}
}

func total(all []*resetter, f func(*resetter) int) (sum int) {
	for _, r := range all {
		sum += f(r)
	}
	return sum
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// life is the server that runs at the moment.
type life struct {
	mu   sync.Mutex
	p    *process
	next chan struct{} // closed when another runs
}

func newLife(p *process) *life { return &life{p: p, next: make(chan struct{})} }

func (l *life) current() *process {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.p
}

func (l *life) restart(p *process) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.p = p
	close(l.next)
	l.next = make(chan struct{})
}

// post sends a JSON body to the server that runs, whichever it is by then. false:
// there was no answer, and nobody knows what became of the request.
func (l *life) post(path, body string) (status int, answer string, ok bool) {
	l.mu.Lock()
	origin, next := l.p.origin, l.next
	l.mu.Unlock()
	status, answer, err := exchange("POST", origin+path, body)
	if err != nil {
		<-next // it was killed: go on with the next one
		return 0, "", false
	}
	return status, answer, true
}

func exchange(method, url, body string) (int, string, error) {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	client := http.Client{Timeout: time.Minute}
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, string(answer), err
}

// resetter is one account's owner, who forgets the password all the time.
type resetter struct {
	t    *testing.T
	life *life
	n    int

	password string // the last that was acknowledged
	perhaps  string // one whose answer was lost, or ""
	seen     int    // links received so far
	dead     int    // of these, the ones that a reset has voided
	accepted int
	done     int // resets acknowledged
	lost     int // answers that did not come
	unsure   int // resets whose answer was lost
}

func (r *resetter) address() string { return fmt.Sprintf("user%d@example.com", r.n) }

func (r *resetter) loop(ctx context.Context) {
	for round := 0; ctx.Err() == nil; round++ {
		status, answer, ok := r.life.post(api+"forgot", object("login", r.address()))
		if !ok {
			r.lost++
			continue
		}
		if status != http.StatusAccepted {
			r.t.Errorf("forgot: %d %s", status, answer)
			return
		}
		r.accepted++
		token, ok := r.link()
		if !ok {
			r.t.Errorf("user%d: an accepted request was lost", r.n)
			return
		}
		r.reset(token, fmt.Sprintf("password %d of user %d, chosen now", round, r.n))
	}
}

// link waits for one more message than was seen, and returns the newest token.
// With three links that were not used, a further request is rightly dropped: then
// the newest will do.
func (r *resetter) link() (string, bool) {
	const quota = 3
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		if links, err := r.links(); err == nil && (len(links) > r.seen || len(links)-r.dead >= quota) {
			r.seen = len(links)
			return links[len(links)-1].Token, true
		}
		pause(context.Background(), 100*time.Millisecond)
	}
	return "", false
}

func (r *resetter) links() (links []mail, err error) {
	status, answer, err := exchange("GET", r.life.current().origin+"/dev/messages", "")
	if err != nil {
		return nil, err
	}
	var all []mail
	if err := json.Unmarshal([]byte(answer), &all); err != nil || status != http.StatusOK {
		return nil, errors.Join(err, fmt.Errorf("status %d", status))
	}
	for _, m := range all {
		if m.To == r.address() && m.Kind == "reset_link" {
			links = append(links, m)
		}
	}
	return links, nil
}

func (r *resetter) reset(token, next string) {
	status, answer, ok := r.life.post(api+"reset", object("token", token, "new_password", next))
	switch {
	case !ok:
		r.lost++
		r.unsure++
		r.perhaps = next
		r.settle()
	case status == http.StatusNoContent:
		r.done++
		r.dead = r.seen
		r.password, r.perhaps = next, ""
	case status == http.StatusUnprocessableEntity && strings.Contains(answer, "invalid_token"):
		// It was superseded by a reset whose answer was lost.
	default:
		r.t.Errorf("reset: %d %s", status, answer)
	}
}

// settle finds out which password is the account's: one that was acknowledged
// must be, unless one whose answer was lost is.
func (r *resetter) settle() {
	for {
		known, ok := r.signsIn(r.password)
		if !ok {
			continue
		}
		if known {
			r.perhaps = ""
			return
		}
		if r.perhaps == "" {
			r.t.Errorf("user%d: an acknowledged password does not sign in", r.n)
			return
		}
		r.password, r.perhaps = r.perhaps, ""
		r.dead = r.seen
	}
}

func (r *resetter) signsIn(password string) (yes, ok bool) {
	status, _, ok := r.life.post("/dev/sign-in", object("tenant", "", "login", r.address(), "password", password))
	return status == http.StatusOK, ok
}

// examine compares what the database says of each account: the raises of its
// epoch, its spent reset tokens and the notices sent are of the same writes.
func examine(t *testing.T, file string, all []*resetter) {
	t.Helper()
	db, err := sql.Open("sqlite", dataSource(file))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	count := func(query string, args ...any) (n int) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return n
	}
	for waited := 0; count(`SELECT count(*) FROM passwd_job`) > 0; waited++ {
		if waited == 300 {
			t.Fatal("the queue does not become empty")
		}
		pause(t.Context(), 100*time.Millisecond)
	}
	for _, r := range all {
		id := firstPerson + r.n
		spent := count(`SELECT count(*) FROM passwd_token WHERE user_id = ? AND purpose = 'reset' AND spent_at IS NOT NULL`, id)
		cancels := count(`SELECT count(*) FROM passwd_token WHERE user_id = ? AND purpose = 'cancel'`, id)
		notices := count(`SELECT count(*) FROM demo_messages WHERE recipient = ? AND kind = 'password_reset'`, r.address())
		if spent != cancels || spent != notices {
			t.Errorf("user%d: %d tokens spent, %d cancel links stored, %d notices sent", r.n, spent, cancels, notices)
		}
		if spent < r.done || spent > r.done+r.unsure {
			t.Errorf("user%d: %d tokens spent, but %d resets acknowledged and %d unknown", r.n, spent, r.done, r.unsure)
		}
		if twice := count(`SELECT count(*) FROM (SELECT token FROM demo_messages WHERE recipient = ? AND kind = 'reset_link' GROUP BY token HAVING count(*) > 1)`, r.address()); twice > 0 {
			t.Errorf("user%d: %d links were delivered twice", r.n, twice)
		}
	}
}

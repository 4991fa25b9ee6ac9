//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/passwd-go/passwd/internal/testrun"
)

// TestTwoProcesses is about two servers on one database, which behave as one.
func TestTwoProcesses(t *testing.T) {
	testrun.NeedCI(t)
	for _, k := range kinds(t) {
		t.Run(k.name, func(t *testing.T) {
			url := k.seededForPrograms(t)
			people(t, url, 8, adaPassword)
			a, b := spawn(t, url).running, spawn(t, url).running
			t.Run("limit", func(t *testing.T) { testSharedLimit(t, a.in(t), b.in(t)) })
			t.Run("session", func(t *testing.T) { testSharedSession(t, a.in(t), b.in(t)) })
			t.Run("messages", func(t *testing.T) { testDeliveredOnce(t, a.in(t), b.in(t)) })
		})
	}
}

// in is the server for a subtest.
func (s running) in(t *testing.T) *running {
	s.t = t
	return &s
}

// testSharedLimit: ten failures are free, wherever they happen.
func testSharedLimit(t *testing.T, a, b *running) {
	guess := func(s *running) reply {
		return s.post("/dev/sign-in", "", "tenant", "", "login", "user0", "password", "not it")
	}
	var last time.Time
	for n := range 10 {
		last = time.Now()
		a.want(guess([]*running{a, b}[n%2]), http.StatusUnauthorized, "wrong_credentials")
	}
	for _, s := range []*running{a, b} {
		wait := time.Second
		r := guess(s)
		for r.status == http.StatusUnauthorized && time.Since(last) > wait { // the machine is slow: the wait was over
			last, wait = time.Now(), 2*wait
			r = guess(s)
		}
		s.want(r, http.StatusTooManyRequests, "rate_limited")
	}
}

// testSharedSession: what happens at one server holds at the other at once.
func testSharedSession(t *testing.T, a, b *running) {
	own, other := a.signIn("", "ada", adaPassword), b.signIn("", "ada", adaPassword)
	b.want(b.post(api+"change", other, "current_password", adaPassword, "new_password", newPassword), http.StatusNoContent, "")
	if a.alive(own) {
		t.Error("a session outlived a change at the other server")
	}
	if !a.alive(other) {
		t.Error("the session that changed the password is dead at the other server")
	}
	a.want(a.post(api+"forgot", "", "login", "ada"), http.StatusAccepted, "")
	m := b.mail("ada@example.com", "reset_link", 1)
	b.want(b.post(api+"reset", "", "token", m.Token, "new_password", newPassword+" 2"), http.StatusNoContent, "")
	a.want(a.post(api+"reset", "", "token", m.Token, "new_password", newPassword+" 3"), http.StatusUnprocessableEntity, "invalid_token")
	a.signIn("", "ada", newPassword+" 2")
}

// testDeliveredOnce: both servers look for work, and do each piece of it once. The
// table of messages takes each only once, so the events are counted as well.
func testDeliveredOnce(t *testing.T, a, b *running) {
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			s := []*running{a, b}[n%2]
			if status, answer, err := exchange("POST", s.origin+api+"forgot", "", object("login", fmt.Sprint("user", n))); err != nil || status != http.StatusAccepted {
				t.Errorf("forgot: %d %s %v", status, answer, err)
			}
		})
	}
	wg.Wait()
	for n := range 8 {
		a.mail(fmt.Sprintf("user%d@example.com", n), "reset_link", 1)
	}
	testrun.Until(t, func() bool { return a.column(`SELECT count(*) FROM passwd_job`) == "0" },
		func() string { return "the queue does not become empty" })
	var events []event
	if err := json.Unmarshal([]byte(b.call("GET", "/dev/events", "", "").body), &events); err != nil {
		t.Fatal(err)
	}
	sent := map[string]int{}
	for _, e := range events {
		if e.Name == "notification.sent" {
			sent[e.JobID]++
		}
	}
	for id, n := range sent {
		if n != 1 {
			t.Errorf("message %s was delivered %d times", id, n)
		}
	}
	if n := len(b.mails()); len(sent) != n || n < 8 {
		t.Errorf("%d messages sent, %d received", len(sent), n)
	}
}

// TestOneRedemption has 64 clients redeem one link at a time, at two processes: one
// of them succeeds (I4).
func TestOneRedemption(t *testing.T) {
	const callers = 64
	testrun.NeedCI(t)
	rounds := testrun.Size(0, 2, 100)
	for _, k := range kinds(t) {
		t.Run(k.name, func(t *testing.T) {
			url := k.seededForPrograms(t)
			servers := []*process{spawn(t, url, "-insecure-no-limits"), spawn(t, url, "-insecure-no-limits")}
			a := servers[0]
			a.signIn("", "ada", adaPassword) // gives it an epoch
			const epoch = `SELECT epoch FROM passwd_account WHERE user_id = 1`
			for round := range rounds {
				before := a.column(epoch)
				a.want(a.post(api+"forgot", "", "login", "ada"), http.StatusAccepted, "")
				token := a.mail("ada@example.com", "reset_link", round+1).Token
				var won, busy atomic.Int64
				var wg sync.WaitGroup
				start := make(chan struct{})
				for n := range callers {
					body := object("token", token, "new_password", fmt.Sprint("chosen by caller number ", n))
					wg.Go(func() {
						<-start
						status, answer, err := exchange("POST", servers[n%2].origin+api+"reset", "", body)
						switch {
						case status == http.StatusNoContent:
							won.Add(1)
						case status == http.StatusServiceUnavailable: // 64 hashes wait for a processor, some for longer than the server's patience
							busy.Add(1)
						case status != http.StatusUnprocessableEntity:
							t.Errorf("%d %s %v", status, answer, err)
						}
					})
				}
				close(start)
				wg.Wait()
				if won.Load() != 1 || a.column(epoch) != plusOne(before) {
					t.Fatalf("round %d: %d resets succeeded (%d busy), epoch was %s and is %s", round, won.Load(), busy.Load(), before, a.column(epoch))
				}
			}
		})
	}
}

func plusOne(number string) string {
	var n int64
	fmt.Sscan(number, &n)
	return fmt.Sprint(n + 1)
}

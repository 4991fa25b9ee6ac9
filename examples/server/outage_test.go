//go:build unix

package main

import (
	"context"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/passwd-go/passwd/internal/testrun"
)

// TestOutage stops the database under two servers and starts it again, in order and
// by a crash, while people sign in, change and reset. Meanwhile every answer is
// either true or 503, and comes soon; afterwards all goes on by itself, and what was
// acknowledged is there (I2).
func TestOutage(t *testing.T) {
	testrun.NeedCI(t)
	for _, k := range []struct {
		name  string
		start func(*testing.T) *cluster
	}{{"postgres", startPostgres}, {"mariadb", startMariaDB}} {
		t.Run(k.name, func(t *testing.T) { testOutage(t, k.start(t)) })
	}
}

func testOutage(t *testing.T, c *cluster) {
	const (
		clients = 8
		bound   = 10 * time.Second // for an answer, and for the service to be back, in .ci/long
	)
	repeat := testrun.Size(0, 1, 10)
	if err := fill(t.Context(), c.url, nil); err != nil {
		t.Fatal(err)
	}
	people(t, c.url, clients, adaPassword)
	servers := []*process{spawn(t, c.url, "-insecure-no-limits"), spawn(t, c.url, "-insecure-no-limits")}
	db := open(t, c.url)
	all := owners(t, db, clients, newLife(servers[0]), newLife(servers[1]))

	var rounds, down atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for _, o := range all {
		o.outages = &down
		wg.Go(func() { o.loop(ctx, func() { rounds.Add(1) }) })
	}
	// working waits for so many rounds of anybody's.
	working := func(more int64) (took time.Duration) {
		t.Helper()
		began, until, patient := time.Now(), rounds.Load()+more, testrun.Patience(t)
		for rounds.Load() < until {
			if time.Since(began) > patient {
				t.Fatalf("%d rounds in %v", rounds.Load()+more-until, time.Since(began))
			}
			pause(ctx, 10*time.Millisecond)
		}
		return time.Since(began)
	}
	working(clients)
	for range repeat {
		for _, signal := range []os.Signal{c.fast, c.crash} {
			c.stop(signal)
			pause(ctx, time.Second)
			c.start()
			before := down.Load()
			first := working(1)
			working(2 * clients)
			t.Logf("%v: once the database answered again, the first round took %v, and %d answers were 503", signal, first.Round(time.Millisecond), down.Load()-before)
			if testrun.Long() && first > bound {
				t.Errorf("%v: the service was back after %v", signal, first)
			}
		}
	}
	cancel()
	wg.Wait()

	for _, o := range all {
		o.outages = nil // from now on there is no excuse
		o.settle()
		if testrun.Long() && o.slowest > bound {
			t.Errorf("user%d: an answer took %v", o.n, o.slowest)
		}
	}
	if n := down.Load(); n < clients {
		t.Errorf("%d answers of 503: nothing was under load during the outages", n)
	}
	examine(t, db, all)
	for _, s := range servers {
		s.signIn("", "ada", adaPassword)
		for _, o := range all { // I7: errors of a driver are in the log as they come
			if said := s.stderr.String(); strings.Contains(said, o.password) || strings.Contains(said, o.address()) {
				t.Error("a password or an address is in the log")
			}
		}
	}
}

// TestFrozen has a database that neither answers nor goes away, as happens when its
// machine is cut off: requests wait for so long, and no longer.
func TestFrozen(t *testing.T) {
	testrun.NeedLong(t)
	c := startMariaDB(t)
	s := spawn(t, c.url)
	s.signIn("", "ada", adaPassword)
	c.signal(syscall.SIGSTOP)
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			began := time.Now()
			path := []string{"/dev/sign-in", api + "forgot"}[n%2]
			body := []string{object("tenant", "", "login", "ada", "password", adaPassword), object("login", "ada")}[n%2]
			status, answer, err := exchange("POST", s.origin+path, "", body)
			if took := time.Since(began); err != nil || status != http.StatusServiceUnavailable || took > patience+2*eventPatience {
				t.Errorf("%s: %d %s %v after %v", path, status, answer, err, took)
			}
		})
	}
	wg.Wait()
	c.signal(syscall.SIGCONT)
	s.signIn("", "ada", adaPassword)
}

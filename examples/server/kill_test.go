//go:build unix

package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd/internal/testrun"
)

// TestKill has the owners of accounts at work on two servers over one database,
// while one, the other or both are killed again and again: no account with a
// half-written state, no accepted request without its message, no password that got
// a success and does not sign in (I2).
func TestKill(t *testing.T) {
	testrun.NeedCI(t)
	for _, k := range kinds(t) {
		t.Run(k.name, func(t *testing.T) { testKill(t, k.seededForPrograms(t)) })
	}
}

func testKill(t *testing.T, url string) {
	kills, clients := testrun.Size(0, 2, 20), testrun.Size(0, 8, 16)
	people(t, url, clients, adaPassword)
	start := func() *process { return spawn(t, url, "-insecure-no-limits") }
	servers := []*life{newLife(start()), newLife(start())}
	db := open(t, url)
	all := owners(t, db, clients, servers...)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for _, o := range all {
		wg.Go(func() { o.loop(ctx, func() {}) })
	}
	for n := range kills {
		pause(ctx, 500*time.Millisecond+rand.N(1500*time.Millisecond))
		which := [][]*life{servers, servers[:1], servers[1:]}[n%3]
		for _, l := range which {
			p, _ := l.current()
			p.kill()
		}
		if n == kills-1 {
			cancel() // the owners finish what they are at
		}
		for _, l := range which {
			l.restart(start())
		}
	}
	wg.Wait()

	written := 0
	for _, o := range all {
		written += o.resets.done + o.changes.done
		o.settle()
	}
	examine(t, db, all)
	if written < kills {
		t.Errorf("%d writes only: nothing was under load", written)
	}
}

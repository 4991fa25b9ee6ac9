package model_test

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
)

// The service answers as the model does, and keeps what the model keeps, over long
// random histories (I1–I6, I8, I11). A failure prints the shortest history that rapid
// has found, and the seed that makes it up again.
func TestMemory(t *testing.T) { histories(t, &inMemory{}, 4) }

// The same with a queue apart from the store.
func TestQueueApart(t *testing.T) { histories(t, &inMemory{apart: true}, 2) }

// The same on SQLite, which counts tries as well.
func TestSQLite(t *testing.T) { histories(t, newSQLite(t), 5) }

var runFor = flag.Duration("model.time", 0, "for how long to make up histories on each store; if 0, 2 to 5 seconds, six times that in .ci/run, and sixty times in .ci/long")

// TestMain sets rapid up, unless its flags are given. A slow machine takes fewer
// histories, not more time.
func TestMain(m *testing.M) {
	flag.Parse()
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	preset := func(name, value string) {
		if !given[name] {
			flag.Set(name, value)
		}
	}
	preset("rapid.seed", strconv.FormatInt(time.Now().UnixNano(), 10))
	preset("rapid.shrinktime", "1m")
	preset("rapid.nofailfile", "true") // the seed is enough
	if testrun.Long() {
		preset("rapid.checks", "1000000") // more than there is time for
		preset("rapid.steps", "200")
	}
	preset("rapid.checks", "50000")
	preset("rapid.steps", "60")
	os.Exit(m.Run())
}

// answers counts what the service has answered: a test that reaches nothing finds nothing.
var answers = map[string]int{}

// histories makes up as many as there is time for: some seconds in the everyday run.
func histories(t *testing.T, h host, seconds int) {
	limit := time.Duration(seconds*testrun.Size(1, 6, 60)) * time.Second
	if *runFor > 0 {
		limit = *runFor
	} else if testing.Short() {
		limit /= 4
	}
	t.Logf("-rapid.seed=%v", flag.Lookup("rapid.seed").Value)
	clear(answers)
	end := time.Now().Add(limit)
	failed, n, taken := false, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		if !failed && n > 0 && time.Now().After(end) {
			return
		}
		defer func() { failed = failed || rt.Failed() }()
		n++
		taken += history(t, rt, h)
	})
	t.Logf("%d histories, %d steps; answers:", n, taken)
	for _, what := range slices.Sorted(maps.Keys(answers)) {
		t.Logf("%7d %s", answers[what], what)
	}
}

// history takes steps until rapid has enough of them, and returns how many. Most are
// about three of the accounts, so that these get far.
func history(tb testing.TB, t *rapid.T, h host) (taken int) {
	w := newWorld(tb, h)
	w.t = t
	w.populate()
	for range 3 {
		i := w.below(t, accounts, "focus")
		w.focus = append(w.focus, refOf(i))
	}
	t.Repeat(map[string]func(*rapid.T){"step": func(t *rapid.T) {
		taken++
		w.touched = nil
		w.take(pick(w, t, "step", weighted), t)
		for _, r := range w.touched {
			w.probe(r)
		}
	}})
	w.step = "at the end"
	for _, a := range w.m.Accounts {
		w.probe(a.Ref)
	}
	return taken
}

func refOf(i int) passwd.Ref {
	return passwd.Ref{Tenant: tenants[i%len(tenants)], ID: strconv.Itoa(firstID + i)}
}

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
)

// answers counts what the service has answered: a test that reaches nothing finds nothing.
var answers = map[string]int{}

func long() bool { return os.Getenv("PASSWD_TEST_LONG") != "" }

var runFor = flag.Duration("model.time", 0, "how long to make up histories for each store; 0: 5 or, with PASSWD_TEST_LONG, 300 seconds")

func TestMain(m *testing.M) {
	flag.Parse()
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	preset := func(name, value string) {
		if !given[name] {
			flag.Set(name, value)
		}
	}
	preset("rapid.checks", "1000000") // until the time is up
	preset("rapid.seed", strconv.FormatInt(time.Now().UnixNano(), 10))
	preset("rapid.nofailfile", "true")
	preset("rapid.shrinktime", "1m")
	if preset("rapid.steps", "60"); long() {
		preset("rapid.steps", "250")
	}
	os.Exit(m.Run())
}

// A history on a store in memory, and one on SQLite, answer as the model does (I2–I5,
// I8–I11).
func TestMemory(t *testing.T) { histories(t, &inMemory{}, 5*time.Second) }

// The same with a queue apart from the store.
func TestQueueApart(t *testing.T) { histories(t, &inMemory{apart: true}, 2*time.Second) }

func TestSQLite(t *testing.T) { histories(t, newSQLite(t), 6*time.Second) }

// histories runs as many as the time allows.
func histories(t *testing.T, h host, everyday time.Duration) {
	if *runFor > 0 {
		everyday = *runFor
	} else if long() {
		everyday = 5 * time.Minute
	}
	t.Logf("-rapid.seed=%v", flag.Lookup("rapid.seed").Value)
	end := time.Now().Add(everyday)
	clear(answers)
	failed, run, taken := false, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		if !failed && time.Now().After(end) {
			return
		}
		defer func() { failed = failed || rt.Failed() }()
		run++
		taken += history(t, rt, h)
	})
	t.Logf("%d histories, %d steps; answers:", run, taken)
	for _, what := range slices.Sorted(maps.Keys(answers)) {
		t.Logf("%7d %s", answers[what], what)
	}
}

func history(tb testing.TB, t *rapid.T, h host) int {
	w := newWorld(tb, h)
	w.t = t
	w.populate()
	for range 3 {
		i := w.below(t, 20, "focus")
		w.focus = append(w.focus, passwd.Ref{Tenant: tenants[i%len(tenants)], ID: strconv.Itoa(11 + i)})
	}
	var weighted []step
	for _, s := range steps {
		for range s.weight {
			weighted = append(weighted, s)
		}
	}
	n := 0
	t.Repeat(map[string]func(*rapid.T){"step": func(t *rapid.T) {
		n++
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
	return n
}

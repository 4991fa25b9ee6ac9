package breach_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwpolicy"
	"github.com/passwd-go/passwd/pwpolicy/breach"
)

// source answers as told.
type source struct {
	finding breach.Finding
	err     error
}

func (s source) Lookup(context.Context, string) (breach.Finding, error) { return s.finding, s.err }

var errDown = fmt.Errorf("%w: status 500", breach.ErrUnavailable)

// watch collects events.
type watch []passwd.Event

func (w *watch) Observe(_ context.Context, e passwd.Event) { *w = append(*w, e) }

// TestRule holds the outcomes and what comes of each (P9, E1, I10).
func TestRule(t *testing.T) {
	foundTimes := func(n int) source { return source{finding: breach.Finding{Outcome: breach.Found, Count: n}} }
	for _, c := range []struct {
		name      string
		source    breach.Source
		threshold int
		closed    bool
		breached  bool
		skipped   bool
		err       error
	}{
		{name: "found", source: foundTimes(1), breached: true},
		{name: "not found", source: source{finding: breach.Finding{Outcome: breach.NotFound}}},
		{name: "under threshold", source: foundTimes(9), threshold: 10},
		{name: "at threshold", source: foundTimes(10), threshold: 10, breached: true},
		{name: "unavailable", source: source{err: errDown}, skipped: true},
		{name: "unavailable, closed", source: source{err: errDown}, closed: true, err: breach.ErrUnavailable},
		{name: "error of another kind", source: source{err: errors.New("of a host's own source")}, skipped: true},
		{name: "no outcome", source: source{}, skipped: true},
		{name: "no outcome, closed", source: source{}, closed: true, err: breach.ErrUnavailable},
		{name: "unknown outcome", source: source{finding: breach.Finding{Outcome: 7}}, skipped: true},
		{name: "found, with an error", source: source{breach.Finding{Outcome: breach.NotFound}, errDown}, skipped: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var events watch
			at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
			r := breach.Rule{Source: c.source, Threshold: c.threshold, FailClosed: c.closed, Observer: &events, Now: func() time.Time { return at }}
			got, err := r.Check(context.Background(), pwpolicy.NewCandidate("correct horse battery", pwpolicy.Subject{}))
			if !errors.Is(err, c.err) || (err != nil) != (c.err != nil) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if (len(got) == 1 && got[0].Code == "breached" && got[0].Params == nil) != c.breached || len(got) > 1 {
				t.Errorf("violations %v", got)
			}
			if (len(events) == 1) != c.skipped {
				t.Fatalf("events %v", events)
			}
			if c.skipped {
				e := events[0]
				if e.Name != passwd.EventUnavailable || e.Outcome != "failure" || e.Reason != "breach_check_skipped" || e.Err == nil || !e.Time.Equal(at) {
					t.Errorf("event %+v", e)
				}
			}
		})
	}
}

// TestRuleContextEnded: a request that has ended is no reason to skip its check,
// nor an event.
func TestRuleContextEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var events watch
	r := breach.Rule{Source: openFile(t, join(corpus(10), "\n")), Observer: &events}
	got, err := r.Check(ctx, pwpolicy.NewCandidate(known(1), pwpolicy.Subject{}))
	if !errors.Is(err, context.Canceled) || got != nil || len(events) != 0 {
		t.Errorf("%v, %v, events %v", got, err, events)
	}
}

func TestRuleRefused(t *testing.T) {
	filter := newFilter(t, build(t, breach.BuildConfig{From: openFile(t, join(corpus(100), "\n")), MinCount: 5}))
	file := openFile(t, join(corpus(100), "\n"))
	var w watch
	for _, c := range []struct {
		rule breach.Rule
		want string // "" is none
	}{
		{breach.Rule{Observer: &w}, "Source"},
		{breach.Rule{Source: file}, "FailClosed"},
		{breach.Rule{Source: file, Observer: &w, Threshold: -1}, "negative"},
		{breach.Rule{Source: filter, Observer: &w, Threshold: 6}, "knows no counts"},
		{breach.Rule{Source: breach.Fallback(file, filter), Observer: &w, Threshold: 6}, "knows no counts"},
		{breach.Rule{Source: breach.Fallback(file, filter), Observer: &w, Threshold: 5}, ""},
		{breach.Rule{Source: filter, Observer: &w, Threshold: 5}, ""},
		{breach.Rule{Source: filter, Observer: &w}, ""},
		{breach.Rule{Source: breach.Fallback(file), Observer: &w, Threshold: 1000}, ""},
		{breach.Rule{Source: file, FailClosed: true}, ""},
	} {
		_, err := pwpolicy.New(c.rule)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("NewPolicy: %v, want an error about %q", err, c.want)
		}
	}
}

func TestRuleDescribes(t *testing.T) {
	r := breach.Rule{}
	if d := r.Describe(); len(d) != 1 || d[0].Code != breach.Breached || d[0].Params != nil {
		t.Errorf("%v", d)
	}
	if r.Phase() != pwpolicy.PhaseBreach || r.Name() != "not_breached" {
		t.Errorf("%v, %q", r.Phase(), r.Name())
	}
}

// TestFallback asks the next source if one cannot tell.
func TestFallback(t *testing.T) {
	file := openFile(t, join(corpus(10), "\n"))
	down := source{err: errDown}
	for _, s := range []breach.Source{breach.Fallback(file), breach.Fallback(down, file), breach.Fallback(source{}, down, file, down)} {
		expect(t, s, known(3), counted(3))
		expect(t, s, unknown(3), 0)
	}
	expectUnavailable(t, breach.Fallback(down, source{}), known(3))
	expectUnavailable(t, breach.Fallback(), known(3))
	empty := openFile(t, join(corpus(1), "\n"))
	expect(t, breach.Fallback(empty, file), known(3), 0) // it can tell

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := breach.Fallback(down, file).Lookup(ctx, known(3)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}

func TestOutcomeNames(t *testing.T) {
	for o, want := range map[breach.Outcome]string{0: "unavailable", breach.NotFound: "not found", breach.Found: "found", 9: "unavailable"} {
		if got := o.String(); got != want {
			t.Errorf("%d is %q, want %q", o, got, want)
		}
	}
}

// TestRuleAsData reads the rule from the JSON form of a policy, and back.
func TestRuleAsData(t *testing.T) {
	filter := newFilter(t, build(t, breach.BuildConfig{From: openFile(t, join(corpus(100), "\n"))}))
	var w watch
	sets := breach.Rules(breach.Rule{Source: filter, Observer: &w})
	const text = `{"version":1,"rules":{"length":{"min":15},"not_breached":{"threshold":1,"fail_closed":true}}}`
	policy, err := pwpolicy.Parse([]byte(text), sets)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := policy.MarshalJSON(); err != nil || string(again) != text {
		t.Errorf("%s, %v", again, err)
	}
	got, err := policy.Check(context.Background(), pwpolicy.NewCandidate(known(1), pwpolicy.Subject{}), pwpolicy.PhaseBreach)
	if err != nil || len(got) != 1 || got[0].Code != breach.Breached {
		t.Errorf("%v, %v", got, err)
	}
	for params, want := range map[string]string{
		`{"threshold":-1}`: "rules.not_breached.threshold: -1",
		`{"threshold":2}`:  "rules.not_breached.threshold: 2 is more than 1",
		`{"Source":{}}`:    "rules.not_breached.Source",
		`{"observer":{}}`:  "rules.not_breached.observer",
	} {
		_, err := pwpolicy.Parse([]byte(`{"version":1,"rules":{"length":{},"not_breached":`+params+`}}`), sets)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", params, err, want)
		}
	}
}

// uncomparable is a source that cannot be compared.
type uncomparable []int

func (uncomparable) Lookup(context.Context, string) (breach.Finding, error) {
	return breach.Finding{}, nil
}

// TestRuleBoth: a tenant's rule over a floor's becomes one that is as strict as both.
func TestRuleBoth(t *testing.T) {
	var w watch
	file, other := openFile(t, join(corpus(10), "\n")), breach.Fallback(openFile(t, join(corpus(10), "\n")))
	rule := func(s breach.Source, threshold int, closed bool) breach.Rule {
		return breach.Rule{Source: s, Threshold: threshold, FailClosed: closed, Observer: &w}
	}
	for _, c := range []struct {
		a, b      breach.Rule
		threshold int // 0: they stay two
		closed    bool
	}{
		{rule(file, 10, false), rule(file, 5, false), 5, false},
		{rule(file, 0, true), rule(file, 5, false), 1, true},
		{rule(file, 3, false), rule(file, 5, true), 3, true},
		{rule(other, 3, false), rule(other, 5, false), 3, false},
		{rule(file, 3, false), rule(other, 3, false), 0, false},
		{rule(uncomparable{}, 3, false), rule(uncomparable{}, 3, false), 0, false},
	} {
		got, ok := c.a.Both(c.b)
		if ok != (c.threshold > 0) {
			t.Errorf("%+v and %+v: %v", c.a, c.b, ok)
		}
		if r, _ := got.(breach.Rule); ok && (r.Threshold != c.threshold || r.FailClosed != c.closed || r.Source != c.a.Source || r.Observer == nil) {
			t.Errorf("%+v and %+v: %+v", c.a, c.b, got)
		}
	}
	if _, ok := rule(file, 1, false).Both(pwpolicy.Length{}); ok {
		t.Error("one with a length")
	}
}

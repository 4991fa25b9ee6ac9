package breach_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
	"github.com/passwd-go/passwd/pwpolicy/breach"
)

// TestService changes passwords under a policy with a breach source that is well
// or down: the local rules hold either way (E1), and FailClosed answers
// unavailable (503) with the service's own event.
func TestService(t *testing.T) {
	const old = "the old password"
	down := source{err: errDown}
	file := openFile(t, join(corpus(100), "\n"))
	for _, c := range []struct {
		name     string
		source   breach.Source
		closed   bool
		password string
		want     string // code, then violations
		events   int    // dependency.unavailable
	}{
		{"well, breached", file, false, known(1), "password_rejected breached", 0},
		{"well, other", file, false, unknown(1), "", 0},
		{"down", down, false, known(1), "", 1},
		{"down, local rule", down, false, "too short", "password_rejected too_short", 0},
		{"closed, down", down, true, known(1), "unavailable", 1},
		{"closed, down, local rule", down, true, "too short", "password_rejected too_short", 0},
		{"closed, well", file, true, unknown(1), "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var skipped watch
			rule := breach.Rule{Source: c.source, FailClosed: c.closed, Observer: &skipped}
			policy, err := pwpolicy.New(pwpolicy.Length{}, rule)
			if err != nil {
				t.Fatal(err)
			}
			kit := passwdtest.New(t, passwd.Config{Policy: policy})
			account := kit.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, old)
			_, err = kit.Service.Change(context.Background(), passwd.Change{Account: account, Current: old, New: c.password})
			got := string(passwd.CodeOf(err))
			if p, ok := errors.AsType[*passwd.PolicyError](err); ok {
				for _, v := range p.Violations {
					got += " " + string(v.Code)
				}
			}
			if got != c.want {
				t.Errorf("%q, want %q (%v)", got, c.want, err)
			}
			events := append(skipped, kit.Events.Named(passwd.EventUnavailable)...)
			if len(events) != c.events {
				t.Fatalf("events %v, want %d", events, c.events)
			}
			for _, e := range events {
				if !errors.Is(e.Err, breach.ErrUnavailable) || strings.Contains(e.Err.Error(), c.password) {
					t.Errorf("event %+v", e)
				}
			}
		})
	}
}

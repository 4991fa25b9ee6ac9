package passwd_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

// judging is a limiter that tells how many guesses at an account were judged: those
// that would have opened it, had they been right.
type judging struct {
	passwd.Limiter
	stop   int
	judged int
	closed bool // the last one was not judged
	wait   time.Duration
}

func (c *judging) Do(ctx context.Context, now time.Time, steps ...passwd.Step) ([]passwd.Taken, error) {
	answers, err := c.Limiter.Do(ctx, now, steps...)
	for i, s := range steps {
		if err == nil && s.Do == passwd.StepTake && strings.HasPrefix(s.Key, "account:") {
			if c.closed = answers[i].Wait > 0 || answers[i].Count > c.stop; !c.closed {
				c.judged++
			}
			c.wait = answers[i].Wait
		}
	}
	return answers, err
}

// What an attacker gets who knows the clock and the counts, and never waits for longer
// than they must: the table of docs/threat-model.md.
func TestGuessesInTime(t *testing.T) { // R1, R2
	for _, test := range []struct {
		networks  int
		hour, day int // judged guesses, with those before
	}{
		{1, 22, 80}, {60, 32, 80}, {1000, 32, 80},
	} {
		limiter := &judging{Limiter: passwd.NewMemoryLimiter(0), stop: 80}
		kit := passwdtest.New(t, passwd.Config{Limiter: limiter})
		kit.Add(t, ada(), adaPassword)
		next := make([]time.Duration, test.networks) // when each may try again
		var hour int
		for now := time.Duration(0); now < 48*time.Hour && limiter.judged < 80; { // the rest are for nothing
			if now < time.Hour {
				hour = limiter.judged
			}
			limiter.closed = false
			for i := range next {
				if now < next[i] {
					continue
				}
				_, err := kit.Service.SignIn(ctx, passwd.SignIn{Login: login("ada"), Password: "wrong", Client: stranger(i)})
				if limited, ok := err.(*passwd.RateLimitError); ok {
					next[i] = now + limited.Wait
					continue
				}
				if limiter.closed {
					break
				}
			}
			pause := max(time.Second, slices.Min(next)-now)
			if limiter.closed {
				pause = max(time.Second, limiter.wait)
			}
			now += pause
			kit.Clock.Advance(pause)
		}
		t.Logf("%4d networks: %d in the first hour, %d in two days", test.networks, hour, limiter.judged)
		if hour > test.hour+1 || limiter.judged > test.day {
			t.Errorf("%d networks: %d guesses in an hour, want %d; %d in two days, want %d", test.networks, hour, test.hour, limiter.judged, test.day)
		}
	}
}

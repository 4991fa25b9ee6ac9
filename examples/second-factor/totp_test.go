package main

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

// The values of RFC 6238, appendix B, of which an authenticator shows six digits.
func TestTOTP(t *testing.T) {
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := totp([]byte("12345678901234567890"), at/30); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func newFactors() (*factors, *passwdtest.Clock) {
	clock := passwdtest.NewClock()
	return &factors{
		limiter: passwd.NewMemoryLimiter(0), now: clock.Now,
		secret: map[passwd.Ref][]byte{ada.Ref: []byte("12345678901234567890")}, used: map[passwd.Ref]int64{},
	}, clock
}

func (f *factors) code(at time.Time) string { return totp(f.secret[ada.Ref], at.Unix()/30) }

// A code is good for half a minute to each side, and once.
func TestCheck(t *testing.T) {
	for away, want := range map[time.Duration]error{
		-60 * time.Second: passwd.ErrSecondFactor, -30 * time.Second: nil, 0: nil, 30 * time.Second: nil, 60 * time.Second: passwd.ErrSecondFactor,
	} {
		f, clock := newFactors()
		code := f.code(clock.Now().Add(away))
		if err := f.check(t.Context(), ada.Ref, code); !errors.Is(err, want) {
			t.Errorf("a code of %v: error %v, want %v", away, err, want)
		}
		if err := f.check(t.Context(), ada.Ref, code); !errors.Is(err, passwd.ErrSecondFactor) {
			t.Errorf("a code of %v, again: error %v", away, err)
		}
	}
	f, clock := newFactors()
	for _, code := range []string{"", "12345", "1234567", f.code(clock.Now()) + " "} {
		if err := f.check(t.Context(), ada.Ref, code); !errors.Is(err, passwd.ErrSecondFactor) {
			t.Errorf("%q: error %v", code, err)
		}
	}
}

// An earlier code is not good any more when a later one has been used.
func TestNoWayBack(t *testing.T) {
	f, clock := newFactors()
	earlier := f.code(clock.Now())
	if err := f.check(t.Context(), ada.Ref, f.code(clock.Now().Add(30*time.Second))); err != nil {
		t.Fatal(err)
	}
	if err := f.check(t.Context(), ada.Ref, earlier); !errors.Is(err, passwd.ErrSecondFactor) {
		t.Errorf("error %v", err)
	}
}

// Of any number of sign-ins with one code, one succeeds.
func TestOneCodeAtOnce(t *testing.T) {
	f, clock := newFactors()
	code := f.code(clock.Now())
	errs := make([]error, 4) // as many as are not throttled
	var done sync.WaitGroup
	for i := range errs {
		done.Go(func() { errs[i] = f.check(t.Context(), ada.Ref, code) })
	}
	done.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, passwd.ErrSecondFactor):
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d succeeded", won, len(errs))
	}
}

// Guesses are slowed down until they are hopeless, and a wait costs the right code
// nothing.
func TestGuesses(t *testing.T) {
	f, clock := newFactors()
	for range guesses.Free {
		if err := f.check(t.Context(), ada.Ref, "no code"); !errors.Is(err, passwd.ErrSecondFactor) {
			t.Fatal(err)
		}
	}
	limited, ok := errors.AsType[*passwd.RateLimitError](f.check(t.Context(), ada.Ref, f.code(clock.Now())))
	if !ok {
		t.Fatal("the sixth guess is not throttled")
	}
	clock.Advance(limited.Wait)
	if err := f.check(t.Context(), ada.Ref, f.code(clock.Now())); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

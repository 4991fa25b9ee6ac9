package storetest_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/storetest"
)

func TestRunLimiter(t *testing.T) {
	storetest.RunLimiter(t, func() (passwd.Limiter, error) { return passwd.NewMemoryLimiter(0), nil })
}

// brokenLimiter is a limiter with one call replaced.
type brokenLimiter struct {
	passwd.Limiter
	fails string
	take  func(passwd.Limiter, string, passwd.Limit, time.Time) (passwd.Taken, error)
}

func (b brokenLimiter) Take(ctx context.Context, key string, l passwd.Limit, now time.Time) (passwd.Taken, error) {
	if b.fails == "Take" {
		return passwd.Taken{}, errFailing
	}
	if b.take != nil {
		return b.take(b.Limiter, key, l, now)
	}
	return b.Limiter.Take(ctx, key, l, now)
}

func (b brokenLimiter) Refund(ctx context.Context, key string) error {
	if b.fails == "Refund" {
		return errFailing
	}
	return b.Limiter.Refund(ctx, key)
}

func (b brokenLimiter) Clear(ctx context.Context, key string) error {
	if b.fails == "Clear" {
		return errFailing
	}
	return b.Limiter.Clear(ctx, key)
}

func (b brokenLimiter) Count(ctx context.Context, key string, now time.Time) (int, error) {
	if b.fails == "Count" {
		return 0, errFailing
	}
	return b.Limiter.Count(ctx, key, now)
}

// Every method of a limiter has a case, and so has every way to get it wrong.
func TestBrokenLimiters(t *testing.T) {
	methods := reflect.TypeFor[passwd.Limiter]()
	for m := range methods.NumMethod() {
		name := methods.Method(m).Name
		err := storetest.CheckLimiter(func() (passwd.Limiter, error) {
			return brokenLimiter{Limiter: passwd.NewMemoryLimiter(0), fails: name}, nil
		})
		if !errors.Is(err, errFailing) && (err == nil || !strings.Contains(err.Error(), errFailing.Error())) {
			t.Errorf("a limiter whose %s fails is not found out: %v", name, err)
		}
	}
	for name, test := range map[string]struct {
		take func(passwd.Limiter, string, passwd.Limit, time.Time) (passwd.Taken, error)
		in   string
	}{
		"never refuses": {func(passwd.Limiter, string, passwd.Limit, time.Time) (passwd.Taken, error) {
			return passwd.Taken{}, nil
		}, "limiter/window"},
		"folds keys": {func(l passwd.Limiter, key string, limit passwd.Limit, now time.Time) (passwd.Taken, error) {
			return l.Take(context.Background(), strings.ToLower(key), limit, now)
		}, "limiter/keys apart"},
		"counts what it says, not what it did": {func(l passwd.Limiter, key string, limit passwd.Limit, now time.Time) (passwd.Taken, error) {
			if n, _ := l.Count(context.Background(), key, now); limit.Window > 0 && n < limit.Free {
				time.AfterFunc(time.Millisecond, func() { l.Take(context.Background(), key, limit, now) })
				return passwd.Taken{Count: n + 1}, nil
			}
			return l.Take(context.Background(), key, limit, now)
		}, "limiter/at once"},
	} {
		err := storetest.CheckLimiter(func() (passwd.Limiter, error) {
			return brokenLimiter{Limiter: passwd.NewMemoryLimiter(0), take: test.take}, nil
		})
		if err == nil || !strings.Contains(err.Error(), test.in+" (") {
			t.Errorf("a limiter that %s is not found out by %q: %v", name, test.in, err)
		}
	}
}

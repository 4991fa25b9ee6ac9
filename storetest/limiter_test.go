package storetest_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/storetest"
)

func TestRunLimiter(t *testing.T) {
	storetest.RunLimiter(t, func() (passwd.Limiter, error) { return passwd.NewMemoryLimiter(0), nil })
}

// limiterFunc is a limiter made of its one method.
type limiterFunc func(ctx context.Context, now time.Time, steps ...passwd.Step) ([]passwd.Taken, error)

func (f limiterFunc) Do(ctx context.Context, now time.Time, steps ...passwd.Step) ([]passwd.Taken, error) {
	return f(ctx, now, steps...)
}

// Every way to get a limiter wrong is found out by the case of its name.
func TestBrokenLimiters(t *testing.T) {
	rewriting := func(rewrite func(passwd.Step) passwd.Step) func(passwd.Limiter) passwd.Limiter {
		return func(l passwd.Limiter) passwd.Limiter {
			return limiterFunc(func(ctx context.Context, now time.Time, steps ...passwd.Step) ([]passwd.Taken, error) {
				var others []passwd.Step
				for _, s := range steps {
					others = append(others, rewrite(s))
				}
				return l.Do(ctx, now, others...)
			})
		}
	}
	turned := func(from, to passwd.StepKind) func(passwd.Limiter) passwd.Limiter {
		return rewriting(func(s passwd.Step) passwd.Step {
			if s.Do == from {
				s.Do = to
			}
			return s
		})
	}
	for name, test := range map[string]struct {
		breaks func(passwd.Limiter) passwd.Limiter
		in     string
	}{
		"fails": {func(passwd.Limiter) passwd.Limiter {
			return limiterFunc(func(context.Context, time.Time, ...passwd.Step) ([]passwd.Taken, error) { return nil, errFailing })
		}, "limiter/window"},
		"never refuses": {func(passwd.Limiter) passwd.Limiter {
			return limiterFunc(func(_ context.Context, _ time.Time, steps ...passwd.Step) ([]passwd.Taken, error) {
				return make([]passwd.Taken, len(steps)), nil
			})
		}, "limiter/window"},
		"folds keys":               {rewriting(func(s passwd.Step) passwd.Step { s.Key = strings.ToLower(s.Key); return s }), "limiter/keys apart"},
		"cuts keys at 64 bytes":    {rewriting(func(s passwd.Step) passwd.Step { s.Key = s.Key[:min(len(s.Key), 64)]; return s }), "limiter/keys apart"},
		"knows no silent steps":    {rewriting(func(s passwd.Step) passwd.Step { s.Silent = false; return s }), "limiter/all or none"},
		"takes all steps silently": {rewriting(func(s passwd.Step) passwd.Step { s.Silent = true; return s }), "limiter/all or none"},
		"counts a peek":            {turned(passwd.StepPeek, passwd.StepTake), "limiter/peek"},
		"does not refund":          {turned(passwd.StepRefund, passwd.StepPeek), "limiter/refund"},
		"clears for a refund":      {turned(passwd.StepRefund, passwd.StepClear), "limiter/refund"},
		"refunds to clear":         {turned(passwd.StepClear, passwd.StepRefund), "limiter/clear"},
		"ignores MaxWait":          {rewriting(func(s passwd.Step) passwd.Step { s.Limit.MaxWait = 0; return s }), "limiter/waits"},
		"counts what it says, not what it did": {func(l passwd.Limiter) passwd.Limiter {
			var mu sync.Mutex
			return limiterFunc(func(ctx context.Context, now time.Time, steps ...passwd.Step) ([]passwd.Taken, error) {
				s := steps[0]
				peek := s
				peek.Do, peek.Silent = passwd.StepPeek, true
				mu.Lock()
				answers, err := l.Do(ctx, now, peek)
				mu.Unlock()
				if err == nil && len(steps) == 1 && s.Do == passwd.StepTake && answers[0].Wait == 0 && s.Limit.Free == 10 {
					time.AfterFunc(time.Millisecond, func() { l.Do(context.Background(), now, s) })
					answers[0].Count++
					return answers, nil
				}
				return l.Do(ctx, now, steps...)
			})
		}, "limiter/at once"},
		"does one step after the other": {func(l passwd.Limiter) passwd.Limiter {
			return limiterFunc(func(ctx context.Context, now time.Time, steps ...passwd.Step) (all []passwd.Taken, err error) {
				for _, s := range steps {
					answers, err := l.Do(ctx, now, s)
					if err != nil {
						return nil, err
					}
					all = append(all, answers...)
				}
				return all, nil
			})
		}, "limiter/all or none"},
	} {
		err := storetest.CheckLimiter(func() (passwd.Limiter, error) { return test.breaks(passwd.NewMemoryLimiter(0)), nil })
		if err == nil || !strings.Contains(err.Error(), test.in+" (") {
			t.Errorf("a limiter that %s is not found out by %q: %v", name, test.in, err)
		}
	}
}

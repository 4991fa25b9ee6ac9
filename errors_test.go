package passwd_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwpolicy"
)

func TestCodeOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want passwd.Code
	}{
		{nil, ""},
		{errors.New("anything"), passwd.CodeInternal},
		{passwd.ErrNotFound, passwd.CodeInternal}, // a store's answer, never a client's
		{passwd.ErrWrongCredentials, passwd.CodeWrongCredentials},
		{passwd.ErrNotActivated, passwd.CodeWrongCredentials},
		{passwd.ErrTemporaryExpired, passwd.CodeWrongCredentials},
		{passwd.ErrWrongPassword, passwd.CodeWrongPassword},
		{passwd.ErrEnded, passwd.CodeUnauthenticated},
		{passwd.ErrUnauthenticated, passwd.CodeUnauthenticated},
		{passwd.ErrChangeRequired, passwd.CodePasswordChangeRequired},
		{fmt.Errorf("totp: %w", passwd.ErrSecondFactor), passwd.CodeSecondFactorRequired},
		{passwd.ErrNoChangeNeeded, passwd.CodeNoChangeNeeded},
		{passwd.ErrConflict, passwd.CodeConflict},
		{passwd.ErrLoginTaken, passwd.CodeLoginTaken},
		{passwd.ErrHasPassword, passwd.CodeHasPassword},
		{passwd.ErrNoPassword, passwd.CodeNoPassword},
		{fmt.Errorf("mail: %w", passwd.ErrUndeliverable), passwd.CodeUndeliverable},
		{&passwd.PolicyError{Violations: []pwpolicy.Violation{{Code: pwpolicy.TooShort}}}, passwd.CodePasswordRejected},
		{passwd.ErrTokenInvalid, passwd.CodeInvalidToken},
		{passwd.ErrInvalidRequest, passwd.CodeInvalidRequest},
		{&passwd.RateLimitError{Wait: time.Second}, passwd.CodeRateLimited},
		{passwd.ErrTooManyTokens, passwd.CodeRateLimited},
		{passwd.ErrBusy, passwd.CodeBusy},
		{passwd.ErrQueueFull, passwd.CodeBusy},
		{passwd.ErrUnavailable, passwd.CodeUnavailable},
		{passwd.ErrOutcomeUnknown, passwd.CodeUnavailable},
		{context.DeadlineExceeded, passwd.CodeUnavailable},
		{passwd.ErrNotRunning, passwd.CodeInternal},
	} {
		if got := passwd.CodeOf(c.err); got != c.want {
			t.Errorf("%v: got %q, want %q", c.err, got, c.want)
		}
		if c.err != nil && !slices.Contains(passwd.Codes(), c.want) {
			t.Errorf("Codes lacks %q", c.want)
		}
	}
}

func TestRateLimitErrorIsASentinel(t *testing.T) {
	err := fmt.Errorf("sign-in: %w", &passwd.RateLimitError{Wait: 3 * time.Second})
	if !errors.Is(err, passwd.ErrRateLimited) {
		t.Error("not ErrRateLimited")
	}
	if errors.Is(err, passwd.ErrBusy) {
		t.Error("ErrBusy as well")
	}
}

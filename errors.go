package passwd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/passwd-go/passwd/pwpolicy"
)

// Code is the stable, public name of a failure. Codes are API: they are never
// renamed, and clients may match on them. See [CodeOf].
type Code string

// The codes that a service's errors have. The HTTP faces add a few of their own
// for malformed requests.
const (
	CodeWrongCredentials       Code = "wrong_credentials"        // sign-in: whatever was wrong
	CodeUnauthenticated        Code = "unauthenticated"          // nobody is signed in, or no longer
	CodeWrongPassword          Code = "wrong_password"           // the current password of a signed-in user
	CodePasswordChangeRequired Code = "password_change_required" // signed in, but for a change only
	CodeSecondFactorRequired   Code = "second_factor_required"   // Config.Admit wants more
	CodeNoChangeNeeded         Code = "no_change_needed"         // ChangeByLogin without Always
	CodeConflict               Code = "conflict"                 // somebody else was faster; try again
	CodeLoginTaken             Code = "login_taken"              // another account has it; the host tells
	CodeHasPassword            Code = "has_password"             // for a first password only
	CodeNoPassword             Code = "no_password"              // the account signs in elsewhere
	CodeUndeliverable          Code = "undeliverable"            // no address to send to
	CodePasswordRejected       Code = "password_rejected"        // by the policy; see PolicyError
	CodeInvalidToken           Code = "invalid_token"            // unknown, expired, spent, superseded: one answer
	CodeInvalidRequest         Code = "malformed_request"        // not a value that the call takes
	CodeRateLimited            Code = "rate_limited"             // see RateLimitError
	CodeBusy                   Code = "busy"                     // too much work is waiting; try again
	CodeUnavailable            Code = "unavailable"              // something the service needs is down
	CodeInternal               Code = "internal"                 // everything else; the cause is in the log
)

// Codes returns every code that CodeOf can return.
func Codes() []Code {
	return []Code{
		CodeWrongCredentials, CodeUnauthenticated, CodeWrongPassword, CodePasswordChangeRequired,
		CodeSecondFactorRequired, CodeNoChangeNeeded, CodeConflict, CodeLoginTaken, CodeHasPassword, CodeNoPassword,
		CodeUndeliverable, CodePasswordRejected, CodeInvalidToken, CodeInvalidRequest, CodeRateLimited, CodeBusy, CodeUnavailable, CodeInternal,
	}
}

// What callers of a [Service] see, besides ErrConflict and ErrTokenInvalid.
var (
	// ErrWrongCredentials answers a failed sign-in, whatever was wrong with it.
	ErrWrongCredentials = errors.New("passwd: wrong credentials")
	// ErrNotActivated is ErrWrongCredentials of an account that is not activated,
	// returned only after the right password.
	ErrNotActivated = fmt.Errorf("passwd: account is not activated: %w", ErrWrongCredentials)
	// ErrTemporaryExpired is ErrWrongCredentials of an account whose temporary
	// password has run out, returned only after the right password.
	ErrTemporaryExpired = fmt.Errorf("passwd: temporary password has expired: %w", ErrWrongCredentials)
	// ErrWrongPassword says that the given current password of a signed-in user is
	// wrong, or that the account may not change it.
	ErrWrongPassword = errors.New("passwd: wrong current password")
	// ErrEnded says that what was opened at an earlier epoch is no longer good, or
	// that its account is gone or closed.
	ErrEnded = errors.New("passwd: session has ended")
	// ErrUnauthenticated says that nobody is signed in: what a host's Authenticate
	// returns to the faces.
	ErrUnauthenticated = errors.New("passwd: not signed in")
	// ErrChangeRequired says that the account may only change its password.
	ErrChangeRequired = errors.New("passwd: password must be changed first")
	// ErrSecondFactor is for Config.Admit: the password was right, and the account
	// needs a second factor before anything is issued.
	ErrSecondFactor = errors.New("passwd: second factor required")
	// ErrNoChangeNeeded answers ChangeByLogin without Always.
	ErrNoChangeNeeded = errors.New("passwd: no password change needed")
	// ErrInvalidRequest says that a request has a value that the call does not accept.
	// It never depends on which accounts exist.
	ErrInvalidRequest = errors.New("passwd: invalid request")
	// ErrBusy says that too many passwords wait to be hashed; a BusyError says when
	// to try again.
	ErrBusy = errors.New("passwd: busy")
	// ErrUnavailable wraps the failure of what a service depends on: store, queue,
	// limiter, hasher, PolicyFor or rule.
	ErrUnavailable = errors.New("passwd: unavailable")
	// ErrRateLimited matches every RateLimitError.
	ErrRateLimited = errors.New("passwd: too many requests")
	// ErrNoPassword is ErrConflict of an account that must not have a password of its
	// own; see [Account.NoPassword]. Only what an administrator, or the account's owner
	// who is signed in, has asked for is answered so.
	ErrNoPassword = fmt.Errorf("passwd: account must not have a password of its own: %w", ErrConflict)
	// ErrHasPassword is ErrConflict of an account that has, or has had, a password, where
	// only a first one would do: SetFirst and Invite.
	ErrHasPassword = fmt.Errorf("passwd: account has, or has had, a password: %w", ErrConflict)
	// ErrLoginTaken is ErrConflict for a host to return where a new user, or a new address,
	// meets another account's login: the library returns it nowhere, for its answer tells that
	// there is such an account. docs/users.md says who may learn that.
	ErrLoginTaken = fmt.Errorf("passwd: another account has this login: %w", ErrConflict)
	// ErrUndeliverable is for a Notifier: the message will never arrive, however often
	// it is tried, because there is no such mailbox. It is dropped, with an event. It also
	// answers an Invite or SendReset for an account without an address to send it to.
	ErrUndeliverable = errors.New("passwd: message cannot be delivered")
	// ErrNotRunning says that a message was asked for while nothing processes
	// the in-process queue: start Service.Run, or in a test call Service.Work, first.
	ErrNotRunning = errors.New("passwd: nothing delivers messages: start Service.Run (in a test, call Service.Work) first")
)

// RateLimitError says how long to wait. It is ErrRateLimited.
type RateLimitError struct {
	Wait time.Duration // more than 0
}

func (e *RateLimitError) Error() string {
	return fmt.Sprintf("passwd: too many requests, wait %v", e.Wait.Round(time.Second))
}

// Is makes a RateLimitError match ErrRateLimited.
func (e *RateLimitError) Is(target error) bool { return target == ErrRateLimited }

// PolicyError lists every reason why the policy rejects a new password. Its code is
// CodePasswordRejected; there is no sentinel for it, use [errors.AsType].
type PolicyError struct {
	Violations []pwpolicy.Violation // never empty
}

func (e *PolicyError) Error() string {
	if len(e.Violations) == 1 {
		return fmt.Sprintf("passwd: password rejected: %s", e.Violations[0].Code)
	}
	return fmt.Sprintf("passwd: password rejected: %s and %d more", e.Violations[0].Code, len(e.Violations)-1)
}

// codes is in order of precedence: the first match counts.
var codes = []struct {
	err  error
	code Code
}{
	{ErrWrongCredentials, CodeWrongCredentials},
	{ErrWrongPassword, CodeWrongPassword},
	{ErrEnded, CodeUnauthenticated},
	{ErrUnauthenticated, CodeUnauthenticated},
	{ErrChangeRequired, CodePasswordChangeRequired},
	{ErrSecondFactor, CodeSecondFactorRequired},
	{ErrNoChangeNeeded, CodeNoChangeNeeded},
	{ErrTokenInvalid, CodeInvalidToken},
	{ErrInvalidRequest, CodeInvalidRequest},
	{ErrRateLimited, CodeRateLimited},
	{ErrTooManyTokens, CodeRateLimited},
	{ErrBusy, CodeBusy},
	{ErrQueueFull, CodeBusy},
	{ErrUnavailable, CodeUnavailable},
	{ErrOutcomeUnknown, CodeUnavailable},
	{context.DeadlineExceeded, CodeUnavailable},
	{context.Canceled, CodeUnavailable},
	{ErrLoginTaken, CodeLoginTaken},
	{ErrHasPassword, CodeHasPassword},
	{ErrNoPassword, CodeNoPassword},
	{ErrConflict, CodeConflict},
	{ErrUndeliverable, CodeUndeliverable},
}

// CodeOf returns the public code of an error that a [Service] returned. An error
// it does not know is CodeInternal; nil is "".
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if _, ok := errors.AsType[*PolicyError](err); ok {
		return CodePasswordRejected
	}
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return CodeInternal
}

// BusyError says that too many passwords wait to be hashed, and when it is worth
// trying again. It is ErrBusy.
type BusyError struct {
	RetryAfter time.Duration // 1 s to 1 min, in whole seconds: about what the line would take
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("passwd: busy, try again in %v", e.RetryAfter)
}

// Is makes a BusyError match ErrBusy.
func (e *BusyError) Is(target error) bool { return target == ErrBusy }

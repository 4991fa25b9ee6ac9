package endpoint

import (
	"errors"
	"strconv"
	"time"

	"github.com/passwd-go/passwd"
)

// The codes of what is refused before the service is asked, beside
// passwd.CodeInvalidRequest.
const (
	CodeCrossOrigin          passwd.Code = "cross_origin"
	CodeNotFound             passwd.Code = "not_found"
	CodeMethodNotAllowed     passwd.Code = "method_not_allowed"
	CodeTooLarge             passwd.Code = "too_large"
	CodeUnsupportedMediaType passwd.Code = "unsupported_media_type"
)

// Error is an error of transport; its text is the code.
type Error passwd.Code

// The errors of transport.
const (
	ErrCrossOrigin          = Error(CodeCrossOrigin)
	ErrNotFound             = Error(CodeNotFound)
	ErrMethodNotAllowed     = Error(CodeMethodNotAllowed)
	ErrTooLarge             = Error(CodeTooLarge)
	ErrUnsupportedMediaType = Error(CodeUnsupportedMediaType)
)

func (e Error) Error() string { return "passwd: " + string(e) }

// Codes returns every code that CodeOf can return: each face has a reply to each.
func Codes() []passwd.Code {
	return append(passwd.Codes(),
		CodeCrossOrigin, CodeNotFound, CodeMethodNotAllowed, CodeTooLarge, CodeUnsupportedMediaType)
}

// CodeOf is passwd.CodeOf that knows the errors of transport as well.
func CodeOf(err error) passwd.Code {
	if e, ok := errors.AsType[Error](err); ok {
		return passwd.Code(e)
	}
	return passwd.CodeOf(err)
}

// retryAfter returns the Retry-After of an error in whole seconds, rounded up,
// or "" if there is no use in trying again.
func retryAfter(code passwd.Code, err error) string {
	var wait time.Duration
	switch code {
	case passwd.CodeRateLimited:
		wait = time.Minute
		if limit, ok := errors.AsType[*passwd.RateLimitError](err); ok {
			wait = max(limit.Wait, time.Second)
		}
	case passwd.CodeBusy:
		wait = time.Second
		if busy, ok := errors.AsType[*passwd.BusyError](err); ok {
			wait = max(busy.RetryAfter, time.Second)
		}
	case passwd.CodeUnavailable:
		wait = 5 * time.Second
	default:
		return ""
	}
	seconds := wait / time.Second
	if wait%time.Second > 0 {
		seconds++
	}
	return strconv.FormatInt(int64(seconds), 10)
}

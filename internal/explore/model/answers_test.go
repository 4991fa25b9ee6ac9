package model_test

import (
	"errors"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/explore/model"
	"github.com/passwd-go/passwd/pwpolicy"
	"github.com/passwd-go/passwd/session"
)

// compare ends the history unless the service has answered as the model does.
func (w *world) compare(got, want model.Answer) {
	w.t.Logf("  %+v", got)
	answers[w.step+": "+got.Error+" "+got.Rejected]++
	if got != want {
		w.t.Logf("want %+v", want)
		w.fail("another answer than the model's")
	}
}

// answer is an answer with the error of a call.
func answer(a model.Answer, err error) model.Answer {
	if rejected, ok := errors.AsType[*passwd.PolicyError](err); ok {
		a.Rejected = codes(rejected.Violations)
	}
	if limited, ok := errors.AsType[*passwd.RateLimitError](err); ok {
		a.Wait = limited.Wait
	}
	for named, name := range map[error]string{
		passwd.ErrNotActivated: "not_activated", passwd.ErrTemporaryExpired: "temporary_expired", passwd.ErrNotFound: "not_found", session.ErrReused: "reused",
		errors.ErrUnsupported: "unsupported",
	} {
		if errors.Is(err, named) {
			a.Error = name
			return a
		}
	}
	a.Error = string(passwd.CodeOf(err))
	return a
}

func codes(violations []pwpolicy.Violation) string {
	var all []string
	for _, v := range violations {
		all = append(all, string(v.Code))
	}
	return strings.Join(all, " ")
}

// written also looks at what the host was told.
func (w *world) written(done passwd.Written, err error) model.Answer {
	if told := w.hooked; err == nil && (len(told) != 1 || told[0] != done) || err != nil && told != nil {
		w.fail("the host was not told of a password write as it was answered")
	}
	w.hooked = nil
	return answer(model.Answer{Account: done.Account, Epoch: done.Epoch, Method: done.Method}, err)
}

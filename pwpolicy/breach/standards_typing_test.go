package breach_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
	"github.com/passwd-go/passwd/pwpolicy/breach"
)

// counting is a source that counts what it is asked.
type counting struct {
	breach.Source
	asked *atomic.Int64
}

func (c counting) Lookup(ctx context.Context, password string) (breach.Finding, error) {
	c.asked.Add(1)
	return c.Source.Lookup(ctx, password)
}

// B2: what is asked while somebody types asks no source, nor does a password that
// the local rules refuse; one that is to be set asks once.
func TestNobodyIsAskedWhileTyping(t *testing.T) {
	asked := new(atomic.Int64)
	var w watch
	policy, err := pwpolicy.New(pwpolicy.Length{}, breach.Rule{Source: counting{openFile(t, join(corpus(10), "\n")), asked}, Observer: &w})
	if err != nil {
		t.Fatal(err)
	}
	kit := passwdtest.New(t, passwd.Config{Policy: policy})
	const current, next = "analytical engine 1843", "difference engine 1822"
	ref := kit.Add(t, passwd.Account{Username: "ada"}, current)
	for n := range len(next) {
		if _, err := kit.Service.Check(t.Context(), passwd.Check{Account: ref, Password: next[:n+1]}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := kit.Service.Change(t.Context(), passwd.Change{Account: ref, Current: current, New: "short"}); err == nil {
		t.Error("a short password is set")
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the source was asked %d times", n)
	}
	if _, err := kit.Service.Change(t.Context(), passwd.Change{Account: ref, Current: current, New: next}); err != nil {
		t.Fatal(err)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the source was asked %d times for one change", n)
	}
}

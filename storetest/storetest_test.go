package storetest_test

import (
	"context"
	"errors"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/storetest"
)

const maxJobs = 100

// fixture opens memory stores, each wrapped by wrap, which may be nil. Seed
// reaches the store beneath, as a host reaches its own table.
func fixture(wrap func(*memstore.Store) passwd.Store) storetest.Fixture {
	var mu sync.Mutex // Reopen is called in the middle of a race
	beneath := make(map[passwd.Store]*memstore.Store)
	return storetest.Fixture{
		Open: func() (passwd.Store, error) {
			m := memstore.New()
			m.MaxJobs = maxJobs
			var s passwd.Store = m
			if wrap != nil {
				s = wrap(m)
			}
			mu.Lock()
			defer mu.Unlock()
			beneath[s] = m
			return s, nil
		},
		Seed: func(_ context.Context, s passwd.Store, accounts ...passwd.Account) error {
			mu.Lock()
			m := beneath[s]
			mu.Unlock()
			for _, a := range accounts {
				seed(m, a)
			}
			return nil
		},
		Remove: func(_ context.Context, s passwd.Store, refs ...passwd.Ref) error {
			mu.Lock()
			m := beneath[s]
			mu.Unlock()
			for _, r := range refs {
				m.Delete(r)
			}
			return nil
		},
		Reopen: func(s passwd.Store) (passwd.Store, error) {
			mu.Lock()
			defer mu.Unlock()
			m := beneath[s]
			if wrap != nil {
				s = wrap(m)
			}
			beneath[s] = m
			return s, nil
		},
		TextIDs: true,
		MaxJobs: maxJobs,
		Rounds:  1,
	}
}

// seed writes what is the host's and keeps the rest.
func seed(m *memstore.Store, a passwd.Account) {
	err := m.Update(a.Ref, func(old *passwd.Account) {
		a.ChangedAt, a.Must, a.MustUntil = old.ChangedAt, old.Must, old.MustUntil
		*old = a
	})
	if err != nil {
		m.Set(a)
	}
}

func TestRun(t *testing.T) {
	f := fixture(nil)
	f.Rounds = 0
	storetest.Run(t, f)
}

func TestCheck(t *testing.T) {
	if err := storetest.Check(fixture(nil)); err != nil {
		t.Errorf("memstore: %v", err)
	}
}

// A store that lacks all it may lack is tested all the same.
func TestLacks(t *testing.T) {
	everything := storetest.Lacks{
		Username: true, Mobile: true, Personal: true, Locale: true, Address: true, Active: true, Disabled: true, NoPassword: true,
		Tenants: true, SharedIDs: true, Twins: true, LongHashes: true, Queue: true, Sessions: true,
	}
	type plain struct{ passwd.Store }
	f := fixture(func(m *memstore.Store) passwd.Store { return plain{m} })
	f.Lacks = everything
	if err := storetest.Check(f); err != nil {
		t.Errorf("a store that says what it lacks: %v", err)
	}
	f.Lacks.Queue = false
	wantCase(t, storetest.Check(f), "queue/round trip", "no passwd.Queue: say so in Fixture.Lacks")
	f.Lacks = everything
	f.Lacks.Sessions = false
	wantCase(t, storetest.Check(f), "sessions/round trip", "no session.Store: say so in Fixture.Lacks")
	wantCase(t, storetest.Check(f), "race/rotate", "no session.Store: say so in Fixture.Lacks")
}

func TestIDs(t *testing.T) {
	f := fixture(nil)
	var asked int
	f.ID = func(n int) string {
		asked++
		return "0198c0de-0000-7000-8000-" + strings.Repeat("0", 10) + string([]byte{'a' + byte(n/10), '0' + byte(n%10)})
	}
	if err := storetest.Check(f); err != nil {
		t.Errorf("with ids of another form: %v", err)
	}
	if asked == 0 {
		t.Error("Fixture.ID is never asked")
	}
}

func TestFixtureErrors(t *testing.T) {
	broken := errors.New("no disk")
	f := fixture(nil)
	f.Open = func() (passwd.Store, error) { return nil, broken }
	wantCase(t, storetest.Check(f), "accounts/round trip", "Fixture.Open: no disk")

	f = fixture(nil)
	f.Seed = func(context.Context, passwd.Store, ...passwd.Account) error { return broken }
	wantCase(t, storetest.Check(f), "accounts/round trip", "Fixture.Seed: no disk")

	f = fixture(nil)
	closed := 0
	f.Close = func(passwd.Store) error { closed++; return broken }
	wantCase(t, storetest.Check(f), "accounts/round trip", "Fixture.Close: no disk")
	if closed == 0 {
		t.Error("Fixture.Close is never called")
	}
}

// Every method of the interfaces has a case: a store in which it does nothing but
// fail is found out.
func TestEveryMethod(t *testing.T) {
	for _, iface := range []reflect.Type{reflect.TypeFor[passwd.Store](), reflect.TypeFor[passwd.Queue]()} {
		for m := range iface.NumMethod() {
			name := iface.Method(m).Name
			t.Run(name, func(t *testing.T) {
				f := fixture(func(m *memstore.Store) passwd.Store { return &broken{Store: m, fails: name} })
				err := storetest.Check(f)
				if err == nil || !strings.Contains(err.Error(), errFailing.Error()) {
					t.Errorf("a store whose %s fails is not found out: %v", name, err)
				}
			})
		}
	}
}

func TestPanicIsReported(t *testing.T) {
	f := fixture(func(m *memstore.Store) passwd.Store {
		return &broken{Store: m, purge: func(context.Context, *memstore.Store, time.Time, int) (int, bool, error) { panic("purging") }}
	})
	wantCase(t, storetest.Check(f), "purge/keeps", "panic: purging")
}

// wantCase checks that the error has the failure of a case that says something,
// with the rule and the line.
func wantCase(t *testing.T, err error, name, says string) {
	t.Helper()
	if err == nil {
		t.Errorf("nothing was found, want a failure of %q", name)
		return
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("Check returned a %T, want joined errors", err)
	}
	var names []string
	for _, e := range joined.Unwrap() {
		text := e.Error()
		names = append(names, text[:strings.Index(text, " (")])
		if strings.HasPrefix(text, name+" (") {
			if !strings.Contains(text, says) {
				t.Errorf("the failure of %q does not say %q:\n%s", name, says, text)
			}
			if !failureForm.MatchString(text) {
				t.Errorf("the failure of %q lacks its rule or line:\n%s", name, text)
			}
			return
		}
	}
	t.Errorf("%q was not found, but %q", name, names)
}

var failureForm = regexp.MustCompile(`(?s)^[a-z /]+ \(.+\): .+\.\n\t(storetest/[a-z]+\.go:\d+: |Fixture\.|panic: )`)

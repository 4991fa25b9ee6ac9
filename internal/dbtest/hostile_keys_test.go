package dbtest_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

// TestHostileKeys gives jobs, counts of the limiter and sessions hostile names: each is
// found, and changed, by its own name alone, byte by byte.
func TestHostileKeys(t *testing.T) {
	names := append(slices.Clone(hostile), "admin ", " admin", "Admin", "ádmin", "😀", "{job}", "%s")
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := s.newHost(t, s.open(t), usual)
			a := h.pin("1")
			ctx, store := t.Context(), h.store
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			for i, name := range names {
				must(store.Put(ctx, passwd.Job{ID: name, Key: name, Sealed: []byte(name), NotBefore: t0, NotAfter: t0}))
				for range i%3 + 1 {
					if _, err := store.Do(ctx, t0, passwd.Step{Key: name, Limit: passwd.Limit{Free: 9, Window: time.Hour}}); err != nil {
						t.Fatal(err)
					}
				}
				r := opened(a, i)
				r.ID, r.Client, r.DeviceName, r.UserAgent = name, name, name, name
				must(store.CreateSession(ctx, r, 9))
			}

			jobs, err := store.Claim(ctx, len(names)+1, time.Minute, t0)
			must(err)
			if len(jobs) != len(names) {
				t.Errorf("%d jobs, want %d", len(jobs), len(names))
			}
			for i, j := range jobs {
				if j.ID != names[i] || j.Key != names[i] || string(j.Sealed) != names[i] {
					t.Errorf("job %d is %q with key %q", i, j.ID, j.Key)
				}
			}
			left := len(names)
			for i, name := range names {
				must(store.Done(ctx, name))
				left--
				if n := column(t, h.db, "SELECT count(*) FROM passwd_job"); n[0] != strconv.Itoa(left) {
					t.Fatalf("after Done of %q %s jobs are left, want %d", name, n[0], left)
				}
				answers, err := store.Do(ctx, t0, passwd.Step{Key: name, Do: passwd.StepPeek}, passwd.Step{Key: name, Do: passwd.StepClear})
				if err != nil || answers[0].Count != i%3+1 {
					t.Errorf("%q was taken %v times, %v", name, answers, err)
				}

				list, err := store.ListSessions(ctx, a.Ref, t0)
				must(err)
				if len(list) != left+1 || !slices.ContainsFunc(list, func(r session.Record) bool {
					return r.ID == name && r.Client == name && r.DeviceName == name && r.UserAgent == name
				}) {
					t.Fatalf("%q is not among the %d sessions, want %d", name, len(list), left+1)
				}
				filter := session.Filter{ID: name}
				if i%2 == 0 {
					filter = session.Filter{Client: name}
				}
				n, err := store.EndSessions(ctx, a.Ref, filter)
				if must(err); n != 1 {
					t.Errorf("EndSessions of %q ended %d", name, n)
				}
			}
			_, _, err = store.Purge(ctx, t0, 1000) // of what counts nothing any more
			must(err)
			if n := column(t, h.db, "SELECT count(*) FROM passwd_limit"); n[0] != "0" {
				t.Errorf("%s counts are left", n[0])
			}
			if _, err := store.Get(ctx, a.Ref); errors.Is(err, passwd.ErrNotFound) {
				t.Error("the account has gone")
			}
		})
	}
}

package dbtest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
)

// TestDoneClaim has a worker go from one job to the next in one call: what is done is
// gone, and never claimed by the call itself; the rest comes in the order of Claim or
// ClaimUrgent, once.
func TestDoneClaim(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := s.newHost(t, s.open(t), usual)
			put := func(id string, urgent bool) {
				t.Helper()
				j := passwd.Job{ID: id, Urgent: urgent, Sealed: []byte("of " + id), NotBefore: t0, NotAfter: t0.Add(time.Hour)}
				if err := h.store.Put(t.Context(), j); err != nil {
					t.Fatal(err)
				}
			}
			then := func(done string, urgent bool, want string) {
				t.Helper()
				jobs, err := h.store.DoneClaim(t.Context(), done, urgent, 1, time.Minute, t0)
				switch {
				case err != nil:
					t.Errorf("after %q: %v", done, err)
				case want == "" && len(jobs) != 0:
					t.Errorf("after %q came %q, want none", done, jobs[0].ID)
				case want != "" && (len(jobs) != 1 || jobs[0].ID != want || jobs[0].Attempts != 1 || string(jobs[0].Sealed) != "of "+want):
					t.Errorf("after %q: %v, want %q", done, jobs, want)
				}
			}
			put("notice", false)
			put("link", true)
			put("second notice", false)
			then("unknown", true, "link")
			then("link", false, "notice")
			if n := h.count("passwd_job"); n != 2 {
				t.Errorf("%d jobs are left, want 2", n)
			}
			then("notice", true, "")
			then("second notice", false, "") // due, never claimed, and done
			if n := h.count("passwd_job"); n != 0 {
				t.Errorf("%d jobs are left", n)
			}
		})
	}
}

// I5: a token is not issued for a hash that somebody else has written past the library
// since, and leaves no trace; nor does it end another of its requester.
func TestIssueAfterOutside(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := s.newHost(t, s.open(t), usual)
			a := h.everything()
			issue := func(n int) error {
				fresh := resetToken(a, n)
				fresh.Epoch, fresh.Requester = a.Epoch, digest(4242)
				return h.store.Issue(t.Context(), fresh, 1, nil)
			}
			if err := issue(501); err != nil {
				t.Fatal(err)
			}
			before := h.count("passwd_token")
			h.exec("UPDATE users SET password_hash = '$test$outside' WHERE id = '" + a.Ref.ID + "'")
			if err := issue(502); !errors.Is(err, passwd.ErrConflict) {
				t.Errorf("Issue: %v, want ErrConflict", err)
			}
			if after := h.count("passwd_token"); after != before {
				t.Errorf("%d tokens, were %d", after, before)
			}
		})
	}
}

package memstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/storetest"
)

var (
	now = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	ada = passwd.Account{
		Ref:      passwd.Ref{ID: "1"},
		Username: "ada",
		Email:    "Ada@example.com",
		Hash:     "$hash$of ada",
		Active:   true,
	}
)

func TestConformance(t *testing.T) {
	const maxJobs = 100
	storetest.Run(t, storetest.Fixture{
		Open: func() (passwd.Store, error) { return &memstore.Store{MaxJobs: maxJobs}, nil },
		Seed: func(_ context.Context, s passwd.Store, accounts ...passwd.Account) error {
			m := s.(*memstore.Store)
			for _, a := range accounts {
				if m.Update(a.Ref, func(stored *passwd.Account) { *stored = a }) != nil {
					m.Set(a)
				}
			}
			return nil
		},
		MaxJobs: maxJobs,
	})
}

func get(t *testing.T, s *memstore.Store, r passwd.Ref) passwd.Account {
	t.Helper()
	a, err := s.Get(t.Context(), r)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return a
}

// change makes a password write and returns the account after it.
func change(t *testing.T, s *memstore.Store, r passwd.Ref, h passwd.Hash) passwd.Account {
	t.Helper()
	a := get(t, s, r)
	w := passwd.Write{Account: r, IfHash: a.Hash, IfEpoch: a.Epoch, IfMust: a.Must, NewHash: h, History: 5, Now: now}
	if _, err := s.Apply(t.Context(), w); err != nil {
		t.Fatalf("Apply: %v", err)
	}
	return get(t, s, r)
}

func find(t *testing.T, s *memstore.Store, kind passwd.LoginKind, typed string) int {
	t.Helper()
	found, err := s.Find(t.Context(), passwd.Login{Kind: kind, Value: passwd.Fold(typed)}, 10)
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	return len(found)
}

func TestZeroStore(t *testing.T) {
	var s memstore.Store
	if _, err := s.Get(t.Context(), ada.Ref); !errors.Is(err, passwd.ErrNotFound) {
		t.Errorf("Get: error %v, want ErrNotFound", err)
	}
	if err := s.Put(t.Context(), passwd.Job{ID: "1"}); err != nil {
		t.Errorf("Put: %v", err)
	}
	s.Set(ada)
	if change(t, &s, ada.Ref, "$hash$new").Hash != "$hash$new" {
		t.Error("the change is not stored")
	}
}

func TestSet(t *testing.T) {
	a := ada
	a.Epoch = 7
	a.Must, a.MustUntil = passwd.Temporary, now.Add(time.Hour)
	s := memstore.New(a)
	if got := get(t, s, a.Ref); got.Epoch != 0 || got.Must != a.Must || !got.MustUntil.Equal(a.MustUntil) {
		t.Errorf("epoch %d, must %q until %v; want no epoch, and must as it was set", got.Epoch, got.Must, got.MustUntil)
	}

	changed := change(t, s, a.Ref, "$hash$new")
	a.Username = "lovelace"
	s.Set(a)
	got := get(t, s, a.Ref)
	if got.Epoch != passwd.OutsideEpoch(changed.Epoch, a.Hash) || got.Hash != a.Hash || got.Username != "lovelace" {
		t.Errorf("after Set: epoch %d, username %q; want epoch %d and what was set", got.Epoch, got.Username, changed.Epoch)
	}
	if find(t, s, passwd.Username, "ada") != 0 || find(t, s, passwd.Username, "Lovelace") != 1 || find(t, s, passwd.Email, "ada@EXAMPLE.com") != 1 {
		t.Error("after Set: found by the old name, or not by the new one")
	}
}

// A host's own write to the hash column is never overwritten (I3).
func TestUpdate(t *testing.T) {
	s := memstore.New(ada)
	read := change(t, s, ada.Ref, "$hash$new")
	err := s.Update(ada.Ref, func(a *passwd.Account) {
		if a.Epoch != read.Epoch {
			t.Errorf("epoch is %d, want %d", a.Epoch, read.Epoch)
		}
		a.Hash, a.Epoch, a.Ref = "$hash$of the host", 1, passwd.Ref{ID: "2"}
	})
	if err != nil {
		t.Fatalf("Update: %v", err)
	}
	if got := get(t, s, ada.Ref); got.Hash != "$hash$of the host" || got.Epoch != passwd.OutsideEpoch(read.Epoch, got.Hash) || !got.Outside {
		t.Errorf("epoch is %d, was %d, or the hash is another one", got.Epoch, read.Epoch)
	}
	w := passwd.Write{Account: ada.Ref, IfHash: read.Hash, IfEpoch: read.Epoch, NewHash: "$hash$late", Now: now}
	if _, err := s.Apply(t.Context(), w); !errors.Is(err, passwd.ErrConflict) {
		t.Errorf("Apply: error %v, want ErrConflict", err)
	}
	if err := s.Update(passwd.Ref{ID: "2"}, func(*passwd.Account) {}); !errors.Is(err, passwd.ErrNotFound) {
		t.Errorf("Update of an unknown account: error %v, want ErrNotFound", err)
	}
}

// A deleted row leaves what the library keeps until it is forgotten (I5).
func TestDelete(t *testing.T) {
	s := memstore.New(ada)
	before := change(t, s, ada.Ref, "$hash$new")
	token := passwd.TokenRecord{
		TokenRef: passwd.TokenRef{Purpose: passwd.PurposeReset, Digest: passwd.Digest{1}},
		Account:  ada.Ref, Epoch: before.Epoch, IssuedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	if err := s.Issue(t.Context(), token, 3, nil); err != nil {
		t.Fatalf("Issue: %v", err)
	}
	s.Delete(ada.Ref)
	s.Delete(ada.Ref)
	if _, err := s.Get(t.Context(), ada.Ref); !errors.Is(err, passwd.ErrNotFound) {
		t.Errorf("Get: error %v, want ErrNotFound", err)
	}
	if find(t, s, passwd.Username, "ada") != 0 {
		t.Error("a deleted account is found")
	}
	again := ada
	again.Hash = before.Hash
	s.Set(again)
	if got := get(t, s, ada.Ref).Epoch; got != before.Epoch {
		t.Errorf("epoch is %d, want %d until the account is forgotten", got, before.Epoch)
	}

	s.Delete(ada.Ref)
	if err := s.Forget(t.Context(), ada.Ref); err != nil {
		t.Fatalf("Forget: %v", err)
	}
	if record, err := s.Peek(t.Context(), token.TokenRef, now); !errors.Is(err, passwd.ErrTokenInvalid) || record != (passwd.TokenRecord{}) {
		t.Errorf("the token of a forgotten account: %v, error %v", record, err)
	}
	s.Set(ada)
	if after := change(t, s, ada.Ref, "$hash$newer"); after.Epoch == before.Epoch || after.Epoch == before.Epoch+1 {
		t.Error("a reused id inherits the epoch")
	}
}

// What Forget has left in the row is void for another hash, and goes with the row.
func TestForgetThenDelete(t *testing.T) {
	for name, next := range map[string]func(*memstore.Store, passwd.Account){
		"deleted": func(s *memstore.Store, heir passwd.Account) {
			s.Delete(heir.Ref)
			s.Set(heir)
		},
		"another hash": func(s *memstore.Store, heir passwd.Account) {
			s.Update(heir.Ref, func(a *passwd.Account) { a.Hash = heir.Hash })
		},
	} {
		s := memstore.New(ada)
		if _, err := s.Apply(t.Context(), passwd.Write{Account: ada.Ref, IfHash: ada.Hash, Must: passwd.Compromised, Now: now}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := s.Forget(t.Context(), ada.Ref); err != nil {
				t.Fatal(err)
			}
		}
		if done, err := s.Rehash(t.Context(), ada.Ref, ada.Hash, "$hash$better"); !done || err != nil {
			t.Fatal(done, err)
		}
		if a := get(t, s, ada.Ref); a.Must != passwd.Compromised || a.Epoch != 0 {
			t.Errorf("%s: after Forget: must %q, epoch %d", name, a.Must, a.Epoch)
		}
		heir := ada
		heir.Hash = "$hash$another"
		next(s, heir)
		if a := get(t, s, ada.Ref); a.Must != passwd.NoReason || a.Epoch != 0 {
			t.Errorf("%s: the heir has must %q and epoch %d", name, a.Must, a.Epoch)
		}
	}
}

func TestIssueOfAnotherAccount(t *testing.T) {
	s := memstore.New(ada)
	token := passwd.TokenRecord{Account: passwd.Ref{ID: "2"}, ExpiresAt: now.Add(time.Hour)}
	w := passwd.Write{Account: ada.Ref, IfHash: ada.Hash, NewHash: "$hash$new", Issue: &token, Now: now}
	if _, err := s.Apply(t.Context(), w); err == nil {
		t.Error("a write issued another account's token")
	}
	if get(t, s, ada.Ref).Hash != ada.Hash {
		t.Error("the write happened in part")
	}
}

// Without MaxJobs the queue holds 10,000 jobs (I8).
func TestDefaultBound(t *testing.T) {
	s := memstore.New(ada)
	jobs := make([]passwd.Job, 10_000)
	for i := range jobs {
		jobs[i] = passwd.Job{ID: string(rune('a' + i))}
	}
	w := passwd.Write{Account: ada.Ref, IfHash: ada.Hash, Jobs: jobs[:9_999], Now: now}
	if _, err := s.Apply(t.Context(), w); err != nil {
		t.Fatalf("Apply: %v", err)
	}
	if err := s.Put(t.Context(), jobs[9_999]); err != nil {
		t.Errorf("job 10,000: %v", err)
	}
	if err := s.Put(t.Context(), passwd.Job{ID: "one too many"}); !errors.Is(err, passwd.ErrQueueFull) {
		t.Errorf("job 10,001: error %v, want ErrQueueFull", err)
	}
	if !s.InProcess() {
		t.Error("InProcess is false")
	}
}

// A host that deletes a row and gives its id to another without Forget gets what a
// database would keep beside the row.
func TestDeletedWithoutForget(t *testing.T) {
	s := memstore.New(ada)
	until := now.Add(time.Hour)
	w := passwd.Write{Account: ada.Ref, IfHash: ada.Hash, NewHash: "$hash$temporary", Must: passwd.Temporary, MustUntil: until, Now: now}
	epoch, err := s.Apply(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	s.Delete(ada.Ref)
	again := ada
	again.Hash = "$hash$temporary"
	s.Set(again)
	if a := get(t, s, ada.Ref); a.Must != passwd.Temporary || !a.MustUntil.Equal(until) || !a.ChangedAt.Equal(now) || a.Epoch != epoch {
		t.Errorf("not kept: must %q until %v, changed at %v", a.Must, a.MustUntil, a.ChangedAt)
	}
	s.Delete(ada.Ref)
	if err := s.Forget(t.Context(), ada.Ref); err != nil {
		t.Fatal(err)
	}
	s.Set(ada)
	if a := get(t, s, ada.Ref); a.Must != passwd.NoReason || !a.ChangedAt.IsZero() || a.Epoch != 0 {
		t.Errorf("kept after Forget: must %q, changed at %v, epoch %d", a.Must, a.ChangedAt, a.Epoch)
	}
}

// The columns of the host's own are nobody else's to change.
func TestColumns(t *testing.T) {
	given := map[string]string{"plan": "basic"}
	r := passwd.Ref{ID: "1"}
	s := memstore.New(passwd.Account{Ref: r, Columns: given})
	given["plan"] = "scribbled"
	for range 2 {
		a, err := s.Get(t.Context(), r)
		if err != nil || a.Columns["plan"] != "basic" {
			t.Fatalf("%v (%v)", a.Columns, err)
		}
		a.Columns["plan"] = "scribbled"
	}
}

package dbtest_test

import (
	"testing"
	"time"

	"github.com/passwd-go/passwd"
)

// What Forget keeps while the row is there is not the next owner's of the id.
func TestForgetThenDelete(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			h := s.newHost(t, s.open(t), usual)
			a := h.user("1")
			get := func() passwd.Account {
				t.Helper()
				a, err := h.store.Get(t.Context(), a.Ref)
				if err != nil {
					t.Fatal(err)
				}
				return a
			}
			first, err := h.store.Apply(t.Context(), passwd.Write{
				Account: a.Ref, IfHash: a.Hash, Must: passwd.Compromised, MustUntil: t0.Add(time.Hour), Now: t0,
			})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := h.store.Forget(t.Context(), a.Ref); err != nil {
					t.Fatal(err)
				}
			}
			if got := get(); got.Must != passwd.Compromised || !got.MustUntil.Equal(t0.Add(time.Hour)) || got.Epoch != 0 {
				t.Errorf("after Forget: must %q until %v, epoch %d", got.Must, got.MustUntil, got.Epoch)
			}

			h.exec("DELETE FROM " + s.quoted(usual.Table))
			heir := a
			heir.Hash = "$test$of another"
			if err := h.seed(t.Context(), h.db, heir); err != nil {
				t.Fatal(err)
			}
			got := get()
			if got.Must != passwd.NoReason || !got.MustUntil.IsZero() || got.Epoch != 0 {
				t.Errorf("the heir has must %q until %v and epoch %d", got.Must, got.MustUntil, got.Epoch)
			}
			w := passwd.Write{Account: got.Ref, IfHash: got.Hash, Now: t0}
			if _, err := h.store.Apply(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			if again := get(); again.Must != passwd.NoReason || again.Epoch == 0 || again.Epoch == first {
				t.Errorf("after a write, the heir has must %q and epoch %d", again.Must, again.Epoch)
			}
		})
	}
}

package dbtest_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
)

func BenchmarkStore(b *testing.B) {
	h := newHost(b, usual)
	a := h.user("1")
	if _, err := h.store.Apply(b.Context(), replacement(a, "$test$second")); err != nil {
		b.Fatal(err)
	}
	a = h.get(a.Ref)
	token := resetToken(a, 1)
	if err := h.store.Issue(b.Context(), token, 0, nil); err != nil {
		b.Fatal(err)
	}
	b.Run("Get", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := h.store.Get(b.Context(), a.Ref); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Find", func(b *testing.B) {
		b.ReportAllocs()
		login := passwd.Login{Tenant: a.Ref.Tenant, Kind: passwd.Email, Value: passwd.Fold(a.Email)}
		for b.Loop() {
			if found, err := h.store.Find(b.Context(), login, 8); err != nil || len(found) != 1 {
				b.Fatal(len(found), err)
			}
		}
	})
	b.Run("Peek", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := h.store.Peek(b.Context(), token.TokenRef, t0); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Reset", func(b *testing.B) { // issue, peek and redeem
		for n := 0; b.Loop(); n++ {
			token := resetToken(a, 10+n)
			token.Digest[5] = byte(n >> 16)
			if err := h.store.Issue(b.Context(), token, 3, nil); err != nil {
				b.Fatal(err)
			}
			w := replacement(a, passwd.Hash("$test$"+strconv.Itoa(n)))
			w.Consume, w.Jobs = &token.TokenRef, nil
			if _, err := h.store.Peek(b.Context(), token.TokenRef, t0); err != nil {
				b.Fatal(err)
			}
			epoch, err := h.store.Apply(b.Context(), w)
			if err != nil {
				b.Fatal(err)
			}
			a.Hash, a.Epoch = w.NewHash, epoch
		}
	})
	b.Run("ClaimNothing", func(b *testing.B) {
		for b.Loop() {
			if jobs, err := h.store.Claim(b.Context(), 9, time.Minute, t0.Add(-time.Hour)); err != nil || len(jobs) > 0 {
				b.Fatal(len(jobs), err)
			}
		}
	})
}

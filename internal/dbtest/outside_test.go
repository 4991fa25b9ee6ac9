package dbtest_test

import (
	"errors"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/sqlstore"
)

// A link and a code of before the host wrote a hash of its own are dead when they are
// looked at, and not only when they are redeemed: on tables where the store sees that in
// the statement that finds the token, and on those where it does not.
func TestLinkAfterOutsideHash(t *testing.T) {
	numbers := usual
	numbers.Table, numbers.Tenant = "people", ""
	for name, users := range map[string]sqlstore.Users{"usual": usual, "numbers": numbers} {
		for _, s := range servers {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				h := s.newHost(t, s.open(t), users)
				kit := passwdtest.New(t, passwd.Config{Store: h.store})
				ctx, svc := t.Context(), kit.Service
				a := h.user("1")
				a.Address = []passwd.Address{{Channel: passwd.EmailChannel, Value: a.Email}}
				must := func(err error) {
					t.Helper()
					if err != nil {
						t.Fatal(err)
					}
				}
				must(h.on.seed(ctx, h.db, users, a))
				login := passwd.Login{Tenant: a.Ref.Tenant, Kind: passwd.Email, Value: a.Email}
				must(svc.RequestReset(ctx, passwd.RequestReset{Login: login}))
				link := kit.DeliverOne(t).Token
				request, err := svc.RequestCode(ctx, passwd.RequestCode{Login: login})
				must(err)
				code := kit.DeliverOne(t).Code
				must(svc.CheckReset(ctx, passwd.CheckReset{Token: link}))

				a.Hash = "$test$the host's own"
				must(h.on.seed(ctx, h.db, users, a))
				_, redeemed := svc.RedeemCode(ctx, passwd.RedeemCode{Request: request, Code: code})
				_, reset := svc.Reset(ctx, passwd.Reset{Token: link, New: firstPassword})
				for call, err := range map[string]error{
					"CheckReset": svc.CheckReset(ctx, passwd.CheckReset{Token: link}), "RedeemCode": redeemed, "Reset": reset,
				} {
					if !errors.Is(err, passwd.ErrTokenInvalid) {
						t.Errorf("%s: %v", call, err)
					}
				}
				rejected := kit.Events.Named(passwd.EventTokenRejected)
				for _, e := range rejected {
					if e.Reason != "superseded" || e.Account != a.Ref {
						t.Errorf("rejected as %q, of %v", e.Reason, e.Account)
					}
				}
				if len(rejected) != 3 {
					t.Errorf("%d rejections", len(rejected))
				}
			})
		}
	}
}

// Where an index of the host's serves the join, the store itself finds such a token dead.
func TestPeekAfterOutsideHash(t *testing.T) {
	numbers := usual
	numbers.Table, numbers.Tenant = "people", ""
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := s.newHost(t, s.open(t), numbers)
			a := h.user("1")
			epoch, err := h.store.Apply(t.Context(), replacement(a, "$test$ours"))
			if err != nil {
				t.Fatal(err)
			}
			a = h.get(a.Ref)
			token := resetToken(a, 7)
			if token.Epoch = epoch; h.store.Issue(t.Context(), token, 0, nil) != nil {
				t.Fatal("Issue")
			}
			if _, err := h.store.Peek(t.Context(), token.TokenRef, t0); err != nil {
				t.Error(err)
			}
			a.Hash = "$test$the host's own"
			if err := h.on.seed(t.Context(), h.db, numbers, a); err != nil {
				t.Fatal(err)
			}
			if _, err := h.store.Peek(t.Context(), token.TokenRef, t0); err != passwd.ErrTokenInvalid {
				t.Errorf("Peek: %v", err)
			}
		})
	}
}

package storetest

import (
	"fmt"
	"strings"

	"github.com/passwd-go/passwd"
)

func accountChecks() []check {
	return []check{{
		name:   "accounts/round trip",
		guards: "I3, Accounts.Get",
		rule:   "Get returns the host's account as the host wrote it; it has no epoch and need not change its password.",
		run: func(c *checker) {
			for n := range 3 {
				c.seed(c.account(n + 1))
			}
			for n := range 3 {
				want := c.account(n + 1)
				got := c.get(want.Ref)
				if d := c.accountDiff(got, want); d != "" {
					c.errorf("account %d: %s", n+1, d)
				}
				if got.Epoch != 0 || got.Must != passwd.NoReason || !got.MustUntil.IsZero() {
					c.errorf("account %d has epoch %d and must %q until %v, want none of these", n+1, got.Epoch, got.Must, got.MustUntil)
				}
			}
		},
	}, {
		name:   "accounts/no password",
		guards: "I3, Account.Hash",
		rule:   `An account without a password has the hash "".`,
		run: func(c *checker) {
			a := c.account(1)
			a.Hash = ""
			c.seed(a)
			if got := c.get(a.Ref); got.Hash != "" {
				c.errorf("hash is %q", string(got.Hash))
			}
		},
	}, {
		name:   "accounts/not activated",
		guards: "Account.Active, I6",
		rule:   "An account that is not activated is found like any other and says so.",
		needs:  func(f Fixture) bool { return !f.Lacks.Active },
		run: func(c *checker) {
			a := c.account(1)
			a.Active = false
			c.seed(a)
			if d := c.accountDiff(c.get(a.Ref), a); d != "" {
				c.errorf("%s", d)
			}
		},
	}, {
		name:   "accounts/disabled",
		guards: "Account.Disabled, I6",
		rule:   "A closed account is found like any other and says so.",
		needs:  func(f Fixture) bool { return !f.Lacks.Disabled },
		run: func(c *checker) {
			a := c.account(1)
			a.Disabled = true
			c.seed(a)
			if d := c.accountDiff(c.get(a.Ref), a); d != "" {
				c.errorf("%s", d)
			}
		},
	}, {
		name:   "accounts/no local password",
		guards: "Account.NoPassword, I9",
		rule:   "An account that must not have a password of its own is found like any other and says so.",
		needs:  func(f Fixture) bool { return !f.Lacks.NoPassword },
		run: func(c *checker) {
			a := c.account(1)
			a.NoPassword = true
			c.seed(a, c.account(2))
			if d := c.accountDiff(c.get(a.Ref), a); d != "" {
				c.errorf("%s", d)
			}
			if c.get(c.ref(2)).NoPassword {
				c.errorf("another account says so too")
			}
		},
	}, {
		name:   "accounts/long hash",
		guards: "I2, Account.Hash",
		rule:   "A hash of 4 KB is stored whole; a truncated one would lock its owner out.",
		needs:  func(f Fixture) bool { return !f.Lacks.LongHashes },
		run: func(c *checker) {
			a := c.seeded(1)
			w := replace(a, "long")
			w.NewHash = hash("long") + passwd.Hash(strings.Repeat("x", 4000))
			c.apply(w)
			if got := c.get(a.Ref).Hash; got != w.NewHash {
				c.errorf("%d bytes of %d came back, or others", len(got), len(w.NewHash))
			}
		},
	}, {
		name:   "accounts/host write",
		guards: "I3",
		rule:   "What the host writes is seen at once, and leaves need for a change and history as they are; the epoch too, unless it is the hash.",
		run: func(c *checker) {
			before := c.seeded(1)
			c.apply(replace(before, "ours"))
			before = c.get(before.Ref)
			c.apply(must(before, passwd.Administrator))
			before = c.get(before.Ref)
			history := len(c.history(before.Ref, 10))

			c.seed(c.with(c.account(1), before.Hash))
			if got := c.get(before.Ref); got.Epoch != before.Epoch || got.Outside {
				c.errorf("epoch is %d, was %d", got.Epoch, before.Epoch)
			}
			a := c.account(1)
			a.Hash = hash("the host's own")
			c.seed(a)
			got := c.get(a.Ref)
			if d := c.accountDiff(got, a); d != "" {
				c.errorf("%s", d)
			}
			if got.Epoch == before.Epoch {
				c.errorf("epoch is %d still", got.Epoch)
			}

			if n := len(c.history(a.Ref, 10)); n != history {
				c.errorf("history has %d entries, had %d", n, history)
			}
		},
	}, {
		name:   "accounts/unknown",
		guards: "I6, ErrNotFound",
		rule:   "An unknown account is ErrNotFound: never a zero value with a nil error.",
		run: func(c *checker) {
			c.seed(c.account(1))
			c.unknown(c.ref(2), c.account(1).Hash)
		},
	}, {
		name:   "accounts/hostile ids",
		guards: "I9, ErrNotFound",
		rule:   "An id that cannot be one of the store's is ErrNotFound; it never names the account that it resembles.",
		run: func(c *checker) {
			a := c.seeded(2)
			id := a.Ref.ID
			watch := c.watch([]passwd.Ref{a.Ref})
			for _, hostile := range []string{
				"", id + "abc", " " + id, id + " ", id + ".0", id + "\x00", id + "\n", "-" + id, id + "e0", "\xff" + id,
				id + "' OR '1'='1", id + `" OR "1"="1`, id + ";--", id + "%", "%", "*", strings.Repeat("9", 10_000), id + strings.Repeat(" ", 1000),
			} {
				c.unknown(passwd.Ref{Tenant: a.Ref.Tenant, ID: hostile}, a.Hash)
			}
			watch.unchanged("after calls with hostile ids")
		},
	}, {
		name:   "accounts/tenants",
		guards: "I9, Ref.Tenant",
		rule:   `Every call sees the tenant it names alone; the tenant "" is one like any other and never means all.`,
		needs:  func(f Fixture) bool { return !f.Lacks.Tenants },
		run: func(c *checker) {
			north := c.seeded(1)
			nameless := c.accountOf(passwd.Ref{ID: c.id(2)}, 2)
			c.seed(nameless)
			nameless = c.get(nameless.Ref)
			watch := c.watch([]passwd.Ref{north.Ref, nameless.Ref})
			for _, tenant := range []string{"", "south", "NORTH", "north ", "%", "nort"} {
				c.unknown(passwd.Ref{Tenant: tenant, ID: north.Ref.ID}, north.Hash)
			}
			for _, tenant := range []string{"north", " ", "%", "NULL"} {
				c.unknown(passwd.Ref{Tenant: tenant, ID: nameless.Ref.ID}, nameless.Hash)
			}
			watch.unchanged("after calls with other tenants")
			c.apply(replace(nameless, "new"))
		},
	}, {
		name:   "accounts/same id in two tenants",
		guards: "I9, Ref.Tenant",
		rule:   "Accounts of two tenants are two accounts, although they have the same id.",
		needs:  func(f Fixture) bool { return !f.Lacks.Tenants && !f.Lacks.SharedIDs },
		run: func(c *checker) {
			north := c.seeded(1)
			southRef := passwd.Ref{Tenant: "south", ID: north.Ref.ID}
			c.seed(c.accountOf(southRef, 2))
			c.apply(replace(c.get(southRef), "before"))
			token := c.issued(southRef, passwd.PurposeReset, 0)

			watch := c.watch([]passwd.Ref{southRef}, token)
			stolen := replace(north, "stolen")
			stolen.Consume = &token.TokenRef
			_, err := c.store.Apply(c.ctx, stolen)
			c.want("Apply with the other tenant's token", err, passwd.ErrTokenInvalid)
			voiding := replace(north, "new")
			voiding.VoidAll = true
			c.apply(voiding)
			if err := c.store.Forget(c.ctx, north.Ref); err != nil {
				c.errorf("Forget: %v", err)
			}
			watch.unchanged("after writes to the same id in another tenant")
		},
	}}
}

// unknown calls everything with a Ref that names no account; held is the hash of
// an account it might be mistaken for.
func (c *checker) unknown(r passwd.Ref, held passwd.Hash) {
	what := r.Tenant + "/" + r.ID
	if len(what) > 50 {
		what = what[:50] + "…"
	}
	_, err := c.store.Get(c.ctx, r)
	c.want("Get of "+what, err, passwd.ErrNotFound)

	_, err = c.store.Apply(c.ctx, passwd.Write{Account: r, IfHash: held, NewHash: hash("of nobody"), Now: t0})
	c.want("Apply to "+what, err, passwd.ErrNotFound)

	done, err := c.store.Rehash(c.ctx, r, held, hash("of nobody"))
	c.want("Rehash of "+what, err, passwd.ErrNotFound)
	if done {
		c.errorf("Rehash of %q reports true", what)
	}
	hashes, err := c.store.History(c.ctx, r, 10)
	c.want("History of "+what, err, passwd.ErrNotFound)
	if len(hashes) > 0 {
		c.errorf("History of %q: %d hashes", what, len(hashes))
	}
	for _, epoch := range []int64{0, 1} {
		t := c.token(r, passwd.PurposeReset, epoch)
		c.want(fmt.Sprintf("Issue to %s at epoch %d", what, epoch), c.store.Issue(c.ctx, t, 0, nil), passwd.ErrNotFound)
		c.notStored(t)
	}
	c.want("Forget of "+what, c.store.Forget(c.ctx, r), nil)
}

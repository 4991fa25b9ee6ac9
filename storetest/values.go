package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwpolicy"
)

// The lengths of values, in bytes, that hosts and the library make.
const (
	longValue  = 200    // of an identifier, a name or a tenant
	longMail   = 254    // RFC 5321
	longSealed = 60_000 // of a job
	longKey    = 128    // of a job
)

// valueChecks are about what a column, a key or a comparison does to a value.
func valueChecks() []check {
	return []check{{
		name:   "values/whole",
		guards: "I3, Accounts.Get",
		rule:   "Values of the longest real lengths, and of letters outside ASCII, come back whole: none is cut.",
		needs:  func(f Fixture) bool { return !f.Lacks.LongValues },
		run: func(c *checker) {
			a := c.long(1)
			c.seed(a)
			if d := c.accountDiff(c.get(a.Ref), a); d != "" {
				c.errorf("%s", d)
			}
			for _, l := range c.logins(a) {
				if found := c.find(l, 10); len(found) != 1 {
					c.errorf("%s of %d bytes: found %d accounts, want 1", l.Kind, len(l.Value), len(found))
				}
				l.Value = l.Value[:len(l.Value)-1] + "x"
				if found := c.find(l, 10); len(found) != 0 {
					c.errorf("%s of %d bytes, with another last one: found %d accounts, want none", l.Kind, len(l.Value), len(found))
				}
			}
		},
	}, {
		name:   "values/exact",
		guards: "I3, I9, Accounts.Get",
		rule:   "Identifiers are shown as the host keeps them, and not in the form in which they are compared: mail goes to the stored address.",
		needs:  func(f Fixture) bool { return !(f.Lacks.Username && f.Lacks.Email) },
		run: func(c *checker) {
			a := c.account(1)
			if !c.Lacks.Username {
				a.Username = "Ada.Lovelace"
			}
			if !c.Lacks.Email {
				a.Email = "Ada.Lovelace@Example.COM"
				a.Address = []passwd.Address{{Channel: passwd.EmailChannel, Value: a.Email}, {Channel: passwd.SMSChannel, Value: a.Mobile}}
			}
			a = c.without(a)
			c.seed(a)
			if d := c.accountDiff(c.get(a.Ref), a); d != "" {
				c.errorf("Get: %s", d)
			}
			for _, l := range c.logins(a) {
				for _, found := range c.find(l, 10) {
					if d := c.accountDiff(found, a); d != "" {
						c.errorf("Find by %s: %s", l.Kind, d)
					}
				}
			}
		},
	}, {
		name:   "values/long tenant",
		guards: "I9, Ref.Tenant",
		rule:   "Two tenants whose long names differ in the last letter are two, in every table.",
		needs:  func(f Fixture) bool { return !f.Lacks.Tenants && !f.Lacks.SharedIDs && !f.Lacks.LongValues },
		run: func(c *checker) {
			name := strings.Repeat("tenant ", longValue/7)
			c.apart(passwd.Ref{Tenant: name + "1", ID: c.id(1)}, passwd.Ref{Tenant: name + "2", ID: c.id(1)})
		},
	}, {
		name:   "values/joined",
		guards: "I9, Ref",
		rule:   "A tenant and an id are two values: joined to one text, whatever stands between them, they name somebody else.",
		needs:  func(f Fixture) bool { return !f.Lacks.Tenants },
		run: func(c *checker) {
			for n, joint := range []string{"", ":", "/", "|", "#", ".", "-", "_", ",", " ", "\x1f", "::", "\\", "'"} {
				moved := passwd.Ref{Tenant: "north" + joint + c.id(1), ID: c.id(n + 2)}
				a := c.accountOf(moved, n+2)
				c.seed(a)
				resembling := passwd.Ref{Tenant: "north", ID: c.id(1) + joint + c.id(n+2)}
				if _, err := c.store.Get(c.ctx, resembling); err == nil {
					c.errorf("%q and %q are taken for %q and %q", resembling.Tenant, resembling.ID, moved.Tenant, moved.ID)
				}
				c.want("Forget of nobody", c.store.Forget(c.ctx, resembling), nil)
				if d := c.accountDiff(c.get(moved), a); d != "" {
					c.errorf("tenant %q: %s", moved.Tenant, d)
				}
			}
		},
	}, {
		name:   "values/two tenants joined",
		guards: "I9, Ref",
		rule:   "What is kept about {a, b:c} is not kept about {a:b, c}.",
		needs: func(f Fixture) bool {
			return !f.Lacks.Tenants && f.TextIDs
		},
		run: func(c *checker) {
			for _, joint := range []string{":", "/", "|", "#", ".", "-", " "} {
				c.apart(passwd.Ref{Tenant: "a", ID: "b" + joint + "c"}, passwd.Ref{Tenant: "a" + joint + "b", ID: "c"})
			}
		},
	}, {
		name:   "values/like an id",
		guards: "I9, ErrNotFound",
		rule:   "What reads like an id, by case, sign, leading zero or a letter that looks the same, is not that id.",
		run: func(c *checker) {
			a := c.changed(2)
			id := a.Ref.ID
			watch := c.watch([]passwd.Ref{a.Ref})
			like := []string{"0" + id, "+" + id, "0x" + id, id + "\u200b", "\ufeff" + id, fullwidth(id)}
			if len(id) != 36 { // a UUID has two cases
				like = append(like, strings.ToUpper(id), strings.ToLower(id))
			}
			for _, l := range like {
				if l != id {
					c.unknown(passwd.Ref{Tenant: a.Ref.Tenant, ID: l}, a.Hash)
				}
			}
			watch.unchanged("after calls with what reads like an id")
		},
	}, {
		name:   "values/renamed",
		guards: "I3, I9, Accounts.Find",
		rule:   "When the host gives an account other identifiers, it is found by these and no longer by the old ones, which may become somebody else's.",
		run: func(c *checker) {
			before := c.account(1)
			c.seed(before)
			for _, l := range c.logins(before) {
				c.find(l, 10)
			}
			after := c.accountOf(before.Ref, 3)
			c.seed(after)
			for _, l := range c.logins(before) {
				if found := c.find(l, 10); len(found) != 0 {
					c.errorf("found by the old %s", l.Kind)
				}
			}
			heir := c.accountOf(c.ref(2), 1)
			c.seed(heir)
			for _, owner := range []passwd.Account{after, heir} {
				for _, l := range c.logins(owner) {
					if found := c.find(l, 10); len(found) != 1 || found[0].Ref != owner.Ref {
						c.errorf("by the new %s: found %v, want %v", l.Kind, refsOf(found), owner.Ref)
					}
				}
			}
			if d := c.accountDiff(c.get(after.Ref), after); d != "" {
				c.errorf("Get of the renamed account: %s", d)
			}
		},
	}, {
		name:   "values/unfolded",
		guards: "I9, Fold",
		rule:   "An identifier that the host keeps with white space around it, or in another normalisation form, has the compared form of Fold.",
		needs:  func(f Fixture) bool { return !f.Lacks.Unfolded && !(f.Lacks.Username && f.Lacks.Email) },
		run: func(c *checker) {
			for n, kept := range []string{"  ada1 ", "zoe\u0308", "A\u030angstro\u0308m", "\tTab"} {
				a := c.account(n + 1)
				if !c.Lacks.Username {
					a.Username = kept
				}
				if !c.Lacks.Email {
					a.Email = kept + "@example.com"
				}
				c.seed(a)
				for _, l := range c.logins(a) {
					if found := c.find(l, 10); len(found) != 1 || found[0].Ref != a.Ref {
						c.errorf("%s %q, of which %q is the compared form: found %d accounts, want 1", l.Kind, kept, l.Value, len(found))
					}
				}
			}
		},
	}, {
		name:   "values/lookalikes",
		guards: "I6, I9, Accounts.Find",
		rule:   "Accounts whose identifiers a loose comparison takes for equal do not crowd out the one that matches, whatever max is.",
		needs:  func(f Fixture) bool { return !f.Lacks.Twins && !(f.Lacks.Username && f.Lacks.Email) },
		run: func(c *checker) {
			kind := passwd.Email
			if c.Lacks.Email {
				kind = passwd.Username
			}
			names := []string{"mıke", "míke", "mìke", "ｍｉｋｅ", "mike\u00a0x", "miKe", "mikë", "mîke", "mïke", "mike"}
			names[5] = "mi\u212ae" // the sign for kelvin
			for n, name := range names {
				a := c.account(n + 1)
				if kind == passwd.Email {
					a.Email = name + "@example.com"
				} else {
					a.Username = name
				}
				c.seed(a)
			}
			for n, name := range names {
				l := passwd.Login{Tenant: c.ref(1).Tenant, Kind: kind, Value: name}
				if kind == passwd.Email {
					l.Value += "@example.com"
				}
				l.Value = passwd.Fold(l.Value)
				for _, max := range []int{1, 2, 10} {
					if found := c.find(l, max); len(found) != 1 || found[0].Ref != c.ref(n+1) {
						c.errorf("%+q with max %d: found %v, want %v", l.Value, max, refsOf(found), c.ref(n+1))
					}
				}
			}
		},
	}, {
		name:   "values/hash",
		guards: "I2, I3",
		rule:   "Hashes are compared to their last byte, and a long one enters the history whole.",
		run: func(c *checker) {
			a := c.changed(1)
			stale := a
			stale.Hash = a.Hash[:len(a.Hash)-1] + "!"
			_, err := c.store.Apply(c.ctx, replace(stale, "stale"))
			c.want("Apply that expects a hash with another last byte", err, passwd.ErrConflict)
			done, err := c.store.Rehash(c.ctx, a.Ref, stale.Hash, hash("better"))
			if done || err != nil {
				c.errorf("Rehash of a hash with another last byte: got %t and error %v, want false", done, err)
			}
			if c.Lacks.LongHashes {
				return
			}
			w := replace(a, "long")
			w.NewHash = hash("long") + passwd.Hash(strings.Repeat("x", 4000))
			c.apply(w)
			c.apply(replace(c.get(a.Ref), "next"))
			if h := c.history(a.Ref, 1); len(h) != 1 || h[0] != w.NewHash {
				c.errorf("a hash of %d bytes is not in the history as it was", len(w.NewHash))
			}
			better := hash("even better") + passwd.Hash(strings.Repeat("y", 4000))
			if done, err := c.store.Rehash(c.ctx, a.Ref, hash("next"), better); !done || err != nil || c.get(a.Ref).Hash != better {
				c.errorf("Rehash to %d bytes: got %t and error %v, or another hash is stored", len(better), done, err)
			}
		},
	}, {
		name:   "values/digests",
		guards: "I4, I9, TokenRef",
		rule:   "Digests are bytes: of two that differ in one bit, or in what reads like a letter's case, each is its own; a purpose of another case is another.",
		run: func(c *checker) {
			a := c.pinned(1)
			t := c.token(a.Ref, passwd.PurposeReset, 0)
			for i := range t.Digest {
				t.Digest[i] = "aZ\x00\xff%_'\\ "[i%9]
			}
			c.issue(t)
			for i := range t.Digest {
				for _, bit := range []byte{1, 0x20, 0x80} {
					other := t
					other.Digest[i] ^= bit
					c.notStored(other)
				}
			}
			again := t
			again.Purpose = passwd.PurposeTicket
			c.want("Issue of the same digest for another purpose", c.store.Issue(c.ctx, again, 0, nil), nil)
			w := must(a, passwd.NoReason)
			w.Consume = &t.TokenRef
			c.apply(w)
			c.wantLive("of the same digest, for another purpose", again, t0, true)
		},
	}}
}

// long is the nth account, with values of the longest lengths.
func (c *checker) long(n int) passwd.Account {
	a := c.account(n)
	a.Username = "u" + strings.Repeat("ä", longValue/2)
	a.Email = strings.Repeat("m", 60) + "@" + strings.Repeat("d", longMail-60-len("@.example")) + ".example"
	a.Mobile = "+41" + strings.Repeat("7", 12)
	a.Locale = "zh-Hant-TW"
	a.Personal = []pwpolicy.Attribute{{Name: "first_name", Value: strings.Repeat("Zoë", longValue/4)}, {Name: "last_name", Value: strings.Repeat("王", longValue/3)}}
	a.Address = []passwd.Address{{Channel: passwd.EmailChannel, Value: a.Email}, {Channel: passwd.SMSChannel, Value: a.Mobile}}
	return c.without(a)
}

// apart seeds two accounts and has everything happen to the first: nothing happens to
// the second.
func (c *checker) apart(first, second passwd.Ref) {
	c.seed(c.accountOf(first, 1), c.accountOf(second, 2))
	c.apply(replace(c.get(second), "before"))
	theirs := c.get(second)
	bound, free := c.issued(second, passwd.PurposeReset, theirs.Epoch), c.issued(second, passwd.PurposeCancel, 0)
	watch := c.watch([]passwd.Ref{second}, bound, free)
	if mine := c.get(first); mine.Epoch != 0 || mine.Hash == theirs.Hash || len(c.history(first, 10)) != 0 {
		c.errorf("%q has what is %q's: epoch %d", first, second, mine.Epoch)
	}
	w := replace(c.get(first), "new")
	w.VoidAll, w.Must, w.MustUntil = true, passwd.Temporary, t0.Add(time.Hour)
	c.apply(w)
	stolen := must(c.get(first), passwd.NoReason)
	stolen.Consume = &bound.TokenRef
	if _, err := c.store.Apply(c.ctx, stolen); err == nil {
		c.errorf("%q redeems a token of %q", first, second)
	}
	c.want("Forget", c.store.Forget(c.ctx, first), nil)
	watch.unchanged(fmt.Sprintf("after writes to %q", first))
}

// fullwidth returns what a normalisation of compatibility takes for the same.
func fullwidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r <= '~' {
			return r + 0xfee0
		}
		return r
	}, s)
}

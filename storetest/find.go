package storetest

import (
	"slices"
	"strings"

	"github.com/passwd-go/passwd"
)

func findChecks() []check {
	return []check{{
		name:   "find/each kind",
		guards: "I6, Accounts.Find",
		rule:   "Find returns the account whose attribute of the kind has the compared form, with all that Get returns.",
		run: func(c *checker) {
			c.seed(c.account(1), c.account(2), c.account(3))
			c.apply(must(c.get(c.ref(2)), passwd.Administrator))
			want := c.get(c.ref(2))
			for _, l := range c.logins(want) {
				found := c.find(l, 10)
				if len(found) != 1 {
					c.errorf("%s: found %d accounts, want 1", l.Kind, len(found))
					continue
				}
				if d := c.accountDiff(found[0], want) + stateDiff(found[0], want); d != "" {
					c.errorf("%s: Find and Get differ: %s", l.Kind, d)
				}
			}
		},
	}, {
		name:   "find/no match",
		guards: "Accounts.Find, I6",
		rule:   "No match is an empty slice and a nil error, whatever was typed.",
		run: func(c *checker) {
			c.seed(c.account(1))
			for _, l := range c.logins(c.get(c.ref(1))) {
				for _, typed := range []string{
					"nobody", "nobody@example.com", "+41790000000", l.Value + "x", l.Value[1:], "%", "_", "*", "0", "'", `"`, `\`, "' OR '1'='1",
					l.Value + "\x00", "\xff\xfe", l.Value[:1] + "\u202e" + l.Value[1:], strings.Repeat("a", 10_000), strings.Repeat("%", 300),
				} {
					l.Value = passwd.Fold(typed)
					if found := c.find(l, 10); len(found) > 0 {
						c.errorf("%s %.40q: found %d accounts, want none", l.Kind, typed, len(found))
					}
				}
			}
		},
	}, {
		name:   "find/compared form",
		guards: "I9, Fold",
		rule:   "Identifiers are compared with ASCII letters folded, on the host's side as well; all other letters are exact.",
		run: func(c *checker) {
			a := c.account(1)
			if !c.Lacks.Username {
				a.Username = "MiXeD.Ärger"
			}
			if !c.Lacks.Email {
				a.Email = "MiXeD.Ärger@Example.COM"
			}
			c.seed(a)
			for _, l := range c.logins(a) {
				if l.Kind == passwd.Mobile {
					continue
				}
				if found := c.find(l, 10); len(found) != 1 {
					c.errorf("%s %q: found %d accounts, want 1", l.Kind, l.Value, len(found))
				}
				l.Value = strings.ReplaceAll(l.Value, "Ä", "ä")
				if found := c.find(l, 10); len(found) != 0 {
					c.errorf("%s %q: found %d accounts, want none", l.Kind, l.Value, len(found))
				}
			}
		},
	}, {
		name:   "find/kinds apart",
		guards: "I9, LoginKind",
		rule:   "Find looks at the attribute of the kind and at no other.",
		needs:  func(f Fixture) bool { return !f.Lacks.Username && !f.Lacks.Email },
		run: func(c *checker) {
			a, b := c.account(1), c.account(2)
			a.Username, b.Email = "same@example.com", "same@example.com"
			c.seed(a, b)
			for kind, want := range map[passwd.LoginKind]passwd.Ref{passwd.Username: a.Ref, passwd.Email: b.Ref} {
				found := c.find(passwd.Login{Tenant: a.Ref.Tenant, Kind: kind, Value: "same@example.com"}, 10)
				if len(found) != 1 || found[0].Ref != want {
					c.errorf("%s: found %d accounts, want %v alone", kind, len(found), want)
				}
			}
		},
	}, {
		name:   "find/several",
		guards: "I6, Accounts.Find",
		rule:   "Of several accounts that match, up to max are returned, always in the same order.",
		needs:  func(f Fixture) bool { return !f.Lacks.Twins && !(f.Lacks.Username && f.Lacks.Email) },
		run: func(c *checker) {
			var refs []passwd.Ref
			l := passwd.Login{Tenant: c.ref(1).Tenant, Kind: passwd.Email, Value: "twin@example.com"}
			if c.Lacks.Email {
				l.Kind = passwd.Username
			}
			for n, typed := range []string{"twin@example.com", "Twin@example.com", "TWIN@example.com", "other@example.com"} {
				a := c.account(n + 1)
				if l.Kind == passwd.Email {
					a.Email = typed
				} else {
					a.Username = typed
				}
				c.seed(a)
				refs = append(refs, a.Ref)
			}
			all := refsOf(c.find(l, 10))
			if len(all) != 3 || slices.Contains(all, refs[3]) {
				c.errorf("found %v, want the three twins", all)
			}
			for range 5 {
				if again := refsOf(c.find(l, 10)); !slices.Equal(again, all) {
					c.errorf("the order is not stable: %v, then %v", all, again)
				}
			}
			if none := c.find(l, 0); len(none) != 0 {
				c.errorf("with max 0: %d accounts", len(none))
			}
			for max := 1; max <= 3; max++ {
				if some := refsOf(c.find(l, max)); len(some) != max || len(all) == 3 && !slices.Equal(some, all[:max]) {
					c.errorf("with max %d: %v, want the first of %v", max, some, all)
				}
			}
		},
	}, {
		name:   "find/tenants",
		guards: "I9, Login.Tenant",
		rule:   `Find sees the tenant it names alone; the tenant "" is one like any other and never means all.`,
		needs:  func(f Fixture) bool { return !f.Lacks.Tenants },
		run: func(c *checker) {
			c.seed(c.account(1))
			for _, tenant := range []string{"", "south", "NORTH", "north ", "%"} {
				for _, l := range c.logins(c.account(1)) {
					l.Tenant = tenant
					if found := c.find(l, 10); len(found) > 0 {
						c.errorf("%s in tenant %q: found an account of tenant %q", l.Kind, tenant, found[0].Ref.Tenant)
					}
				}
			}
			nameless := c.accountOf(passwd.Ref{ID: c.id(2)}, 2)
			c.seed(nameless)
			for _, l := range c.logins(nameless) {
				if found := c.find(l, 10); len(found) != 1 || found[0].Ref != nameless.Ref {
					c.errorf("%s in tenant %q: found %d accounts, want the one", l.Kind, "", len(found))
				}
				l.Tenant = "north"
				if found := c.find(l, 10); len(found) > 0 {
					c.errorf("%s in tenant %q: found an account of tenant %q", l.Kind, "north", found[0].Ref.Tenant)
				}
			}
		},
	}}
}

// find calls Find and drops what a looser comparison lets through, as the core
// does.
func (c *checker) find(l passwd.Login, max int) []passwd.Account {
	found, err := c.store.Find(c.ctx, l, max)
	if err != nil {
		c.errorf("Find %s %.40q: %v", l.Kind, l.Value, err)
		return nil
	}
	return slices.DeleteFunc(found, func(a passwd.Account) bool {
		return passwd.Fold(identifier(a, l.Kind)) != l.Value
	})
}

// logins returns every login that names the account.
func (c *checker) logins(a passwd.Account) []passwd.Login {
	var logins []passwd.Login
	for _, kind := range []passwd.LoginKind{passwd.Username, passwd.Email, passwd.Mobile} {
		if v := identifier(a, kind); v != "" {
			logins = append(logins, passwd.Login{Tenant: a.Ref.Tenant, Kind: kind, Value: passwd.Fold(v)})
		}
	}
	return logins
}

func identifier(a passwd.Account, kind passwd.LoginKind) string {
	switch kind {
	case passwd.Username:
		return a.Username
	case passwd.Email:
		return a.Email
	default:
		return a.Mobile
	}
}

func refsOf(accounts []passwd.Account) []passwd.Ref {
	var refs []passwd.Ref
	for _, a := range accounts {
		refs = append(refs, a.Ref)
	}
	return refs
}

package storetest

import (
	"slices"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwpolicy"
)

func sharingChecks() []check {
	return []check{{
		name:   "sharing/accounts",
		guards: "I2, Store",
		rule:   "Nobody who changes an account that passed in or out changes the stored one.",
		needs:  func(f Fixture) bool { return !f.Lacks.Personal || !f.Lacks.Address },
		run: func(c *checker) {
			want := c.account(1)
			in := c.account(1)
			c.seed(in)
			scribble(in)
			out := c.get(in.Ref)
			if d := c.accountDiff(out, want); d != "" {
				c.errorf("after the seeded account was changed: %s", d)
			}
			scribble(out)
			if d := c.accountDiff(c.get(in.Ref), want); d != "" {
				c.errorf("after what Get returned was changed: %s", d)
			}
			for _, l := range c.logins(want) {
				for _, a := range c.find(l, 1) {
					scribble(a)
				}
			}
			if d := c.accountDiff(c.get(in.Ref), want); d != "" {
				c.errorf("after what Find returned was changed: %s", d)
			}
		},
	}, {
		name:   "sharing/history",
		guards: "I2, Store",
		rule:   "Nobody who changes the slice that History returned changes the history.",
		run: func(c *checker) {
			a, all := c.withHistory(1, 3, 10)
			got := c.history(a.Ref, 10)
			clear(got)
			_ = append(got[:1], "appended")
			if again := c.history(a.Ref, 10); !slices.Equal(again, all) {
				c.errorf("the history has changed")
			}
		},
	}, {
		name:   "sharing/writes",
		guards: "I2, Store",
		rule:   "Nobody who changes a write or a token record after the call changes what is stored.",
		run: func(c *checker) {
			a := c.pinned(1)
			consumed := c.issued(a.Ref, passwd.PurposeReset, 0)
			kept := c.issued(a.Ref, passwd.PurposeReset, 0)
			consume, issue := consumed.TokenRef, c.token(a.Ref, passwd.PurposeCancel, 0)
			want := issue
			w := must(a, passwd.NoReason)
			w.Consume, w.Issue = &consume, &issue
			c.apply(w)
			if issue != want || consume != consumed.TokenRef {
				c.errorf("Apply has written to what it was given")
			}
			consume, issue = kept.TokenRef, passwd.TokenRecord{}
			got, err := c.store.Peek(c.ctx, want.TokenRef, t0)
			c.want("Peek at the token issued", err, nil)
			if d := tokenDiff(got, want); d != "" {
				c.errorf("the token issued: %s", d)
			}
			c.wantLive("a token that was not consumed", kept, t0, true)
		},
	}, {
		name:   "sharing/jobs",
		guards: "Queue, I7",
		rule:   "Nobody who changes a job that passed in or out changes the stored one.",
		needs:  hasQueue,
		run: func(c *checker) {
			a := c.seeded(1)
			put, written := c.job("", t0), c.job("", t0)
			want := map[string]string{put.ID: string(put.Sealed), written.ID: string(written.Sealed)}
			c.put(put)
			clear(put.Sealed)
			w := must(a, passwd.NoReason)
			w.Jobs = []passwd.Job{written}
			c.apply(w)
			clear(written.Sealed)
			w.Jobs[0].ID = "scribbled"
			for _, when := range []string{"after what was put was changed", "after what was claimed was changed"} {
				claimed := c.claim(10, t0)
				if len(claimed) != 2 {
					c.fatalf("%s: %d jobs, want 2", when, len(claimed))
				}
				for _, j := range claimed {
					if string(j.Sealed) != want[j.ID] {
						c.errorf("%s: job %s has changed", when, j.ID)
					}
					clear(j.Sealed)
					c.want("Retry", c.queue().Retry(c.ctx, j.ID, t0), nil)
				}
			}
		},
	}}
}

// scribble writes over the slices of an account.
func scribble(a passwd.Account) {
	for i := range a.Personal {
		a.Personal[i] = pwpolicy.Attribute{Name: "scribbled", Value: "scribbled"}
	}
	for i := range a.Address {
		a.Address[i] = passwd.Address{Channel: passwd.SMSChannel, Value: "scribbled"}
	}
	for name := range a.Columns {
		a.Columns[name] = "scribbled"
	}
}

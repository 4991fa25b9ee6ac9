package storetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/passwd-go/passwd"
)

// persist reads the account and writes what f makes of it, again after each
// conflict, as the core does. It ends because each conflict is somebody's success.
func (c *checker) persist(i int, r passwd.Ref, f func(passwd.Account) passwd.Write) error {
	s := c.handle(i)
	for {
		a, err := s.Get(c.ctx, r)
		if err != nil {
			return err
		}
		if _, err = s.Apply(c.ctx, f(a)); !errors.Is(err, passwd.ErrConflict) {
			return err
		}
	}
}

// race runs a race several times, each on its own account, which has an epoch.
func (c *checker) race(run func(a passwd.Account)) {
	for n := range c.rounds() {
		run(c.pinned(n + 1))
	}
}

// onceChanged checks that the account was changed exactly once since a was read:
// to the hash, the epoch up by 1, and one replaced hash in the history.
func (c *checker) onceChanged(a passwd.Account, to passwd.Hash) {
	now := c.get(a.Ref)
	if now.Hash != to {
		c.errorf("the stored hash is not that of the only caller who succeeded")
	}
	if now.Epoch != a.Epoch+1 {
		c.errorf("epoch went from %d to %d, want one more", a.Epoch, now.Epoch)
	}
	if h := c.history(a.Ref, 100); len(h) != 1 {
		c.errorf("history has %d entries, want 1", len(h))
	}
}

func credentialRaces() []check {
	return []check{{
		name:   "race/compare and swap",
		guards: "I3",
		rule:   "Of writers that all read the same, exactly one succeeds; the others get ErrConflict and leave nothing.",
		run: func(c *checker) {
			c.race(func(a passwd.Account) {
				errs := parallel(crowd, func(i int) error {
					_, err := c.handle(i).Apply(c.ctx, replace(a, fmt.Sprint("writer ", i)))
					return err
				})
				if won := c.oneWinner("Apply", errs, passwd.ErrConflict); won >= 0 {
					c.onceChanged(a, hash(fmt.Sprint("writer ", won)))
				}
			})
		},
	}, {
		name:   "race/no lost update",
		guards: "I3",
		rule:   "Writers that read again after a conflict all succeed in the end, each raising the epoch once and leaving one entry.",
		run: func(c *checker) {
			const writers = 8
			c.race(func(a passwd.Account) {
				errs := parallel(writers, func(i int) error {
					return c.persist(i, a.Ref, func(a passwd.Account) passwd.Write { return replace(a, fmt.Sprint("writer ", i)) })
				})
				if won := c.winners("Apply", errs); len(won) != writers {
					c.errorf("%d of %d writers succeeded", len(won), writers)
				}
				now, h := c.get(a.Ref), c.history(a.Ref, 100)
				if now.Epoch != a.Epoch+writers {
					c.errorf("epoch went from %d to %d, want %d more", a.Epoch, now.Epoch, writers)
				}
				all := append([]passwd.Hash{now.Hash}, h...)
				slices.Sort(all)
				if len(slices.Compact(all)) != writers+1 || h[len(h)-1] != a.Hash {
					c.errorf("history has %d entries, want each replaced hash once and the oldest last", len(h))
				}
			})
		},
	}, {
		name:   "race/first epoch",
		guards: "I3, I5",
		rule:   "Of writers that all saw no epoch, exactly one creates it.",
		run: func(c *checker) {
			for n := range c.rounds() {
				a := c.seeded(n + 1)
				epochs := make([]int64, crowd)
				errs := parallel(crowd, func(i int) (err error) {
					epochs[i], err = c.handle(i).Apply(c.ctx, must(a, passwd.NoReason))
					return err
				})
				won := c.oneWinner("Apply", errs, passwd.ErrConflict)
				if now := c.get(a.Ref).Epoch; won >= 0 && now != epochs[won] {
					c.errorf("epoch is %d, and the winner was told %d", now, epochs[won])
				}
			}
		},
	}, {
		name:   "race/rehash and replace",
		guards: "I3",
		rule:   "A rehash never overwrites a newer password.",
		run: func(c *checker) {
			c.race(func(a passwd.Account) {
				errs := parallel(crowd, func(i int) error {
					if i%2 == 0 {
						_, err := c.handle(i).Rehash(c.ctx, a.Ref, a.Hash, hash(fmt.Sprint("rehash ", i)))
						return errors.Join(err, errOther)
					}
					for { // a rehash may come between, another password may not
						now, err := c.handle(i).Get(c.ctx, a.Ref)
						if err != nil {
							return err
						}
						if now.Epoch != a.Epoch {
							return passwd.ErrConflict
						}
						_, err = c.handle(i).Apply(c.ctx, replace(now, fmt.Sprint("writer ", i)))
						if !errors.Is(err, passwd.ErrConflict) {
							return err
						}
					}
				})
				if won := c.oneWinner("replace", errs, errOther, passwd.ErrConflict); won >= 0 {
					c.onceChanged(a, hash(fmt.Sprint("writer ", won)))
				}
			})
		},
	}, {
		name:   "race/change and reset",
		guards: "I3, I4",
		rule:   "Of changes and resets that all read the same, exactly one succeeds; the token is spent if that is a reset, and else live.",
		run: func(c *checker) {
			c.race(func(a passwd.Account) {
				token := c.issued(a.Ref, passwd.PurposeReset, 0)
				errs := parallel(crowd, func(i int) error {
					w := replace(a, fmt.Sprint("writer ", i))
					if i%2 == 0 {
						w.Consume = &token.TokenRef
					}
					_, err := c.handle(i).Apply(c.ctx, w)
					return err
				})
				if won := c.oneWinner("Apply", errs, passwd.ErrConflict, passwd.ErrTokenInvalid); won >= 0 {
					c.onceChanged(a, hash(fmt.Sprint("writer ", won)))
					c.wantLive("the token", token, t0, won%2 != 0)
				}
			})
		},
	}}
}

// errOther marks the outcome of a caller whose success is not what a race counts.
var errOther = errors.New("storetest: not counted")

func tokenRaces() []check {
	const max = 5
	return []check{{
		name:   "race/one token",
		guards: "I4, T4",
		rule:   "Of callers that redeem one token, and read again after a conflict, exactly one succeeds.",
		run: func(c *checker) {
			c.race(func(a passwd.Account) {
				token := c.issued(a.Ref, passwd.PurposeReset, 0) // so that only its use can end it
				errs := parallel(crowd, func(i int) error {
					return c.persist(i, a.Ref, func(a passwd.Account) passwd.Write {
						w := replace(a, fmt.Sprint("writer ", i))
						w.Consume = &token.TokenRef
						return w
					})
				})
				if won := c.oneWinner("redemption", errs, passwd.ErrTokenInvalid); won >= 0 {
					c.onceChanged(a, hash(fmt.Sprint("writer ", won)))
				}
			})
		},
	}, {
		name:   "race/one token alone",
		guards: "I4, T4",
		rule:   "Of writes that consume one token and change neither hash nor epoch, exactly one succeeds: the token alone decides.",
		run: func(c *checker) {
			c.race(func(a passwd.Account) {
				token := c.issued(a.Ref, passwd.PurposeCancel, 0)
				errs := parallel(crowd, func(i int) error {
					w := must(a, a.Must)
					w.Consume = &token.TokenRef
					_, err := c.handle(i).Apply(c.ctx, w)
					return err
				})
				c.oneWinner("redemption", errs, passwd.ErrTokenInvalid)
			})
		},
	}, {
		name:   "race/code and write",
		guards: "I4, T4",
		rule:   "Of issues and writes that consume one code, exactly one succeeds, although an issue changes nothing of the account.",
		run: func(c *checker) {
			c.race(func(a passwd.Account) {
				code := c.issued(a.Ref, passwd.PurposeCode, a.Epoch)
				tokens := make([]passwd.TokenRecord, crowd)
				for i := range tokens {
					tokens[i] = c.token(a.Ref, passwd.PurposeReset, 0)
				}
				errs := parallel(crowd, func(i int) error {
					if i%2 == 0 {
						return c.handle(i).Issue(c.ctx, tokens[i], 0, &code.TokenRef)
					}
					w := must(a, a.Must)
					w.Consume = &code.TokenRef
					_, err := c.handle(i).Apply(c.ctx, w)
					return err
				})
				won := c.oneWinner("redemption", errs, passwd.ErrTokenInvalid)
				for i, t := range tokens {
					c.wantLive(fmt.Sprint("token ", i), t, t0, i == won && i%2 == 0)
				}
			})
		},
	}, {
		name:   "race/attempts and writes",
		guards: "I4, I8, T5",
		rule:   "Attempts, issues and writes at one account wait for each other in one order: none is the victim of a deadlock, and none is lost.",
		run: func(c *checker) {
			c.race(func(a passwd.Account) {
				const count = 16
				code := c.issued(a.Ref, passwd.PurposeCode, 0)
				tokens := make([]passwd.TokenRecord, count)
				for i := range tokens {
					tokens[i] = c.issued(a.Ref, passwd.PurposeCancel, 0)
				}
				errs := parallel(3*count, func(i int) error {
					switch s := c.handle(i / 3); i % 3 {
					case 0:
						_, err := s.Attempt(c.ctx, code.TokenRef, 1000, t0)
						return err
					case 1:
						_, err := s.Attempt(c.ctx, tokens[i/3].TokenRef, 1000, t0)
						return err
					}
					return c.persist(i/3, a.Ref, func(a passwd.Account) passwd.Write {
						w := must(a, a.Must)
						w.Consume = &tokens[i/3].TokenRef
						return w
					})
				})
				for i, err := range errs {
					if err != nil && !(i%3 == 1 && errors.Is(err, passwd.ErrTokenInvalid)) { // a write was first
						c.errorf("caller %d: %v", i, err)
					}
				}
				if got, err := c.store.Peek(c.ctx, code.TokenRef, t0); err != nil || got.Attempts != count {
					c.errorf("%d attempts were counted, want %d (%v)", got.Attempts, count, err)
				}
				for _, t := range tokens {
					c.wantLive("a token consumed", t, t0, false)
				}
			})
		},
	}, {
		name:   "race/two clocks",
		guards: "I4, T3",
		rule:   "Of callers whose clocks differ by three minutes, at most one redeems a token that expires between them, and max attempts are counted.",
		run: func(c *checker) {
			const skew = 90 * time.Second
			c.race(func(a passwd.Account) {
				token, code := c.token(a.Ref, passwd.PurposeReset, 0), c.issued(a.Ref, passwd.PurposeCode, 0)
				token.IssuedAt, token.ExpiresAt = t0.Add(-anHour), t0
				c.issue(token)
				clock := func(i int) time.Time { return t0.Add([]time.Duration{-skew, skew}[i%2]) }
				attempts := make([]error, crowd)
				errs := parallel(crowd, func(i int) error {
					_, attempts[i] = c.handle(i).Attempt(c.ctx, code.TokenRef, max, clock(i))
					return c.persist(i, a.Ref, func(a passwd.Account) passwd.Write {
						w := replace(a, fmt.Sprint("writer ", i))
						w.Consume, w.Now = &token.TokenRef, clock(i)
						return w
					})
				})
				if won := c.oneWinner("redemption", errs, passwd.ErrTokenInvalid); won >= 0 {
					c.onceChanged(a, hash(fmt.Sprint("writer ", won)))
					if won%2 != 0 {
						c.errorf("the token was redeemed by a clock at which it had expired")
					}
				}
				if won := c.winners("Attempt", attempts, passwd.ErrTokenInvalid); len(won) != max {
					c.errorf("%d attempts were counted, want %d", len(won), max)
				}
				for _, now := range []time.Time{t0.Add(-skew), t0, t0.Add(-5 * time.Minute)} {
					c.wantLive("after that, by any clock", token, now, false)
				}
			})
		},
	}, {
		name:   "race/own tokens",
		guards: "I4, I5, T7",
		rule:   "Of callers with a token each, bound to the epoch, exactly one succeeds: the new epoch ends the other tokens.",
		run: func(c *checker) {
			c.race(func(a passwd.Account) {
				tokens := make([]passwd.TokenRecord, crowd/2)
				for i := range tokens {
					tokens[i] = c.issued(a.Ref, passwd.PurposeReset, a.Epoch)
				}
				errs := parallel(len(tokens), func(i int) error {
					return c.persist(i, a.Ref, func(a passwd.Account) passwd.Write {
						w := replace(a, fmt.Sprint("writer ", i))
						w.Consume = &tokens[i].TokenRef
						return w
					})
				})
				if won := c.oneWinner("redemption", errs, passwd.ErrTokenInvalid); won >= 0 {
					c.onceChanged(a, hash(fmt.Sprint("writer ", won)))
				}
				for _, t := range tokens {
					c.wantLive("after the race", t, t0, false)
				}
			})
		},
	}, {
		name:   "race/issue and replace",
		guards: "I5",
		rule:   "A token issued while the password changes is refused or dead: nothing of the earlier epoch is live afterwards.",
		run: func(c *checker) {
			c.race(func(a passwd.Account) {
				tokens := make([]passwd.TokenRecord, crowd)
				for i := range tokens {
					tokens[i] = c.token(a.Ref, passwd.PurposeReset, a.Epoch)
				}
				errs := parallel(len(tokens), func(i int) error {
					if i == crowd/2 {
						_, err := c.handle(i).Apply(c.ctx, replace(a, "new"))
						return err
					}
					return c.handle(i).Issue(c.ctx, tokens[i], 0, nil)
				})
				c.winners("Issue", errs, passwd.ErrConflict)
				c.want("the change", errs[crowd/2], nil)
				c.onceChanged(a, hash("new"))
				for _, t := range tokens {
					c.wantLive("after the change", t, t0, false)
				}
			})
		},
	}, {
		name:   "race/issue that consumes",
		guards: "I4",
		rule:   "Of callers that turn one code into a token of their own, exactly one succeeds, and its token alone is live.",
		run: func(c *checker) {
			c.race(func(a passwd.Account) {
				code := c.issued(a.Ref, passwd.PurposeCode, a.Epoch)
				tokens := make([]passwd.TokenRecord, crowd)
				for i := range tokens {
					tokens[i] = c.token(a.Ref, passwd.PurposeReset, a.Epoch)
				}
				errs := parallel(crowd, func(i int) error { return c.handle(i).Issue(c.ctx, tokens[i], 0, &code.TokenRef) })
				won := c.oneWinner("Issue", errs, passwd.ErrTokenInvalid)
				for i, t := range tokens {
					c.wantLive(fmt.Sprint("token ", i), t, t0, i == won)
				}
			})
		},
	}, {
		name:   "race/quota",
		guards: "I8, R3",
		rule:   "Of tokens that are issued at once exactly as many are live afterwards as the quota allows.",
		run: func(c *checker) {
			c.race(func(a passwd.Account) {
				tokens := make([]passwd.TokenRecord, crowd)
				for i := range tokens {
					tokens[i] = c.token(a.Ref, passwd.PurposeReset, a.Epoch)
				}
				errs := parallel(crowd, func(i int) error { return c.handle(i).Issue(c.ctx, tokens[i], 3, nil) })
				c.winners("Issue", errs, passwd.ErrTooManyTokens)
				live := 0
				for _, t := range tokens {
					if _, err := c.store.Peek(c.ctx, t.TokenRef, t0); err == nil {
						live++
					}
				}
				if live != 3 {
					c.errorf("%d tokens are live, want 3", live)
				}
			})
		},
	}, {
		name:   "race/issue again",
		guards: "I4, Tokens.Issue",
		rule:   "Issuing one record from many callers at once succeeds for all of them and stores it once.",
		run: func(c *checker) {
			c.race(func(a passwd.Account) {
				token := c.token(a.Ref, passwd.PurposeReset, a.Epoch)
				errs := parallel(crowd, func(i int) error { return c.handle(i).Issue(c.ctx, token, 1, nil) })
				if won := c.winners("Issue", errs); len(won) != crowd {
					c.errorf("%d of %d succeeded", len(won), crowd)
				}
				c.wantLive("after that", token, t0, true)
			})
		},
	}, {
		name:   "race/attempts",
		guards: "I4, T5",
		rule:   "Attempts made at once are counted exactly: max of them succeed, each with a count of its own.",
		run: func(c *checker) {
			c.race(func(a passwd.Account) {
				code := c.issued(a.Ref, passwd.PurposeCode, a.Epoch)
				counts := make([]int, crowd)
				errs := parallel(crowd, func(i int) error {
					got, err := c.handle(i).Attempt(c.ctx, code.TokenRef, max, t0)
					counts[i] = got.Attempts
					return err
				})
				won := c.winners("Attempt", errs, passwd.ErrTokenInvalid)
				if len(won) != max {
					c.errorf("%d attempts succeeded, want %d", len(won), max)
				}
				var counted []int
				for _, i := range won {
					counted = append(counted, counts[i])
				}
				slices.Sort(counted)
				if !slices.Equal(counted, []int{1, 2, 3, 4, 5}) {
					c.errorf("the attempts were counted as %v, want 1 to %d", counted, max)
				}
			})
		},
	}}
}

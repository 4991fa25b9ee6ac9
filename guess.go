package passwd

import (
	"context"
	"errors"
	"strconv"
	"time"
)

// guess is a password that somebody has typed, before and after it is judged, and
// what is counted for it. What can be answered by a RateLimitError is counted by the
// text of the login and the client network, whoever has that login; the account's own
// count is silent (I6). Logins that nobody has are counted just alike.
type guess struct {
	s      *Service
	ctx    context.Context
	client Client

	login   string // key of the login from this network: it refuses
	address string // key of the network, "" for none: it refuses
	account string // key of the account's own count, silent
	limit   Limit  // of account
	stop    int    // of account
	told    string // key that remembers whether the owner was told
	requester

	taken  []string // keys that are counted
	count  int      // consecutive failures of the account with this one, if it is one
	waited bool     // the account's count has to wait: this one is not in it
	closed bool     // the account has to wait, or has been stopped: nothing opens
}

// subject is what an account is counted by. A login that nobody has is counted by its
// text. The time of the last password write is part of it, so that a reset lifts a
// lockout in the very write that sets the password (I11); the epoch is not, for anybody
// can have an account get its first one.
func subject(l Login, a Account, found bool) []string {
	if !found {
		return []string{"nobody", l.Tenant, l.Value}
	}
	return []string{"account", a.Ref.Tenant, a.Ref.ID, strconv.FormatInt(a.ChangedAt.UnixMicro(), 10)}
}

// newGuess counts a guess at a login, before the work. One that has to wait is not
// counted, and no failure.
func (s *Service) newGuess(ctx context.Context, l Login, a Account, found bool, c Client) (*guess, error) {
	s.placeless(ctx, c)
	g := &guess{s: s, ctx: ctx, client: c}
	g.login = s.loginKey(l, c)
	g.address = s.addressKey(c)
	who := subject(l, a, found)
	var err error
	g.requester, _, err = s.recognise(ctx, who, a.Ref, c,
		Step{Key: g.address, Do: StepPeek, Limit: s.cfg.Limits.Address}, Step{Key: g.login, Do: StepPeek, Limit: s.cfg.Limits.SignIn})
	if err != nil {
		return nil, err
	}
	g.countBy(who)
	return g, g.take(Step{Key: g.login, Do: StepTake, Limit: s.cfg.Limits.SignIn})
}

// newCurrentGuess counts a guess at the current password of a signed-in user: with
// those from networks that are known to the account, and apart from all logins.
func (s *Service) newCurrentGuess(ctx context.Context, a Account, c Client) (*guess, error) {
	g := &guess{s: s, ctx: ctx, client: c}
	who := subject(Login{}, a, true)
	g.login = s.keys.limiterKey("current", who...)
	g.known = true
	g.countBy(who)
	return g, g.take(Step{Key: g.login, Do: StepTake, Limit: s.cfg.Limits.SignIn})
}

// countBy chooses the account's count.
func (g *guess) countBy(who []string) {
	limits := g.s.cfg.Limits
	side := "others"
	g.limit, g.stop = limits.Account, limits.stopOthers()
	if g.known {
		side = "known"
		g.stop = limits.stopKnown()
		g.limit = Limit{Free: g.stop, Wait: time.Second, MaxWait: 15 * time.Minute}
	}
	g.account = g.s.keys.limiterKey("account", append(who, side)...)
	if who[0] == "nobody" { // a flood of these must not evict the others
		g.account = g.s.keys.limiterKey("nobody", append(who, side)...)
	}
	g.told = g.s.keys.limiterKey("told", append(who, side)...)
}

// take makes the steps that may refuse, and counts for the account.
func (g *guess) take(steps ...Step) error {
	account := Step{Key: g.account, Do: StepTake, Limit: g.limit, Silent: true}
	answers, err := g.do(append(steps, account)...)
	if err != nil {
		return err
	}
	g.taken = append(g.taken, g.login)
	last := answers[len(answers)-1]
	g.count = last.Count
	if last.Wait > 0 {
		g.closed, g.waited = true, true
		return nil
	}
	g.taken = append(g.taken, g.account)
	g.closed = g.count > g.stop
	return nil
}

// do asks the limiter.
func (g *guess) do(steps ...Step) ([]Taken, error) { return g.s.limit(g.ctx, g.client, steps...) }

// abandon takes back what was counted, for a guess that came to no answer, and
// returns err. A caller that went away gets nothing back: to hang up must not be a
// way to guess for free.
func (g *guess) abandon(err error) error {
	if g.ctx.Err() != nil || errors.Is(err, context.Canceled) || len(g.taken) == 0 {
		return err
	}
	var steps []Step
	for _, key := range g.taken {
		steps = append(steps, Step{Key: key, Do: StepRefund})
	}
	g.taken = nil
	if _, failed := g.do(steps...); failed != nil {
		return failed
	}
	return err
}

// failed counts a failure for the network and for the device, and reports whether the
// owner of the account is to be told that it takes no more.
func (g *guess) failed() (tell bool, err error) {
	ctx := context.WithoutCancel(g.ctx) // who hangs up has failed all the same
	var steps []Step
	if g.address != "" {
		steps = append(steps, Step{Key: g.address, Do: StepTake, Limit: g.s.cfg.Limits.Address, Silent: true})
	}
	if g.device != "" {
		steps = append(steps, Step{Key: g.device, Do: StepTake, Limit: deviceTries, Silent: true})
	}
	if g.count > g.stop && !g.waited { // it was stopped before: this one does not count
		steps = append(steps, Step{Key: g.account, Do: StepRefund})
	}
	stopped := g.count >= g.stop
	if stopped {
		steps = append(steps, Step{Key: g.told, Do: StepPeek, Limit: onceAMonth, Silent: true})
	}
	if len(steps) == 0 {
		return false, nil
	}
	answers, err := g.s.limit(ctx, g.client, steps...)
	if err != nil {
		return false, err
	}
	return stopped && answers[len(answers)-1].Wait == 0, nil
}

// hasTold remembers that the owner of the account was told.
func (g *guess) hasTold() error {
	_, err := g.s.limit(context.WithoutCancel(g.ctx), g.client, Step{Key: g.told, Do: StepTake, Limit: onceAMonth, Silent: true})
	return err
}

// succeeded forgets the failures that the right password comes after, and remembers
// the network.
func (g *guess) succeeded() error {
	var steps []Step
	for _, key := range g.taken {
		steps = append(steps, Step{Key: key, Do: StepClear})
	}
	g.taken = nil
	if g.device != "" {
		steps = append(steps, Step{Key: g.device, Do: StepClear})
	}
	steps = append(steps, g.remember()...)
	if len(steps) == 0 {
		return nil
	}
	_, err := g.do(steps...)
	return err
}

// loginKey is of a login, as it was typed, from one client network.
func (s *Service) loginKey(l Login, c Client) string {
	return s.keys.limiterKey("login", l.Tenant, l.Value, network(c.Addr))
}

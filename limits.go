package passwd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"
)

// Limits are the bounds on trying. The zero value of each is its default.
type Limits struct {
	// SignIn bounds consecutive failures of one account, or of one login that names
	// none: sign-in and every change by login together, guesses of the current
	// password by a signed-in user apart. 10 free, then waits of 1 s to 15 min.
	SignIn Limit
	// After StopAfter consecutive failures, an account refuses even the right password until
	// it is reset, and its owner is told once. 100, which is also the most (NIST
	// SP 800-63B-4 §3.2.2).
	StopAfter int
	// Address bounds failures from one client address (IPv6: one /64), whichever
	// accounts they were at. 100 in 10 minutes.
	Address Limit
	// ResetRequests bounds requests for links and codes from one client address, and
	// apart from them calls of RevealMatches. 60 in an hour.
	ResetRequests Limit
	// Checks bounds policy checks while typing, for one account. 60 in a minute.
	Checks Limit
	// LiveLinks is how many unused links, and how many unused codes, an account may
	// have at a time; what is asked for beyond is not sent, which the answer does not
	// tell (I6). 3.
	LiveLinks int
}

const maxFailures = 100

func (l Limits) withDefaults() Limits {
	fill := func(l *Limit, d Limit) {
		if *l == (Limit{}) {
			*l = d
		}
	}
	fill(&l.SignIn, Limit{Free: 10, Wait: time.Second, MaxWait: 15 * time.Minute})
	fill(&l.Address, Limit{Free: 100, Window: 10 * time.Minute})
	fill(&l.ResetRequests, Limit{Free: 60, Window: time.Hour})
	fill(&l.Checks, Limit{Free: 60, Window: time.Minute})
	l.StopAfter = cmp.Or(l.StopAfter, maxFailures)
	l.LiveLinks = cmp.Or(l.LiveLinks, 3)
	return l
}

func (l Limits) validate() error {
	for _, f := range []struct {
		name string
		Limit
	}{{"SignIn", l.SignIn}, {"Address", l.Address}, {"ResetRequests", l.ResetRequests}, {"Checks", l.Checks}} {
		if f.Free < 1 || f.Window < 0 || f.Wait < 0 || f.MaxWait < f.Wait || f.Window == 0 && f.Wait == 0 {
			return fmt.Errorf("passwd: Config.Limits.%s: need Free of 1 or more, and either a Window or a Wait of at most MaxWait", f.name)
		}
	}
	if l.StopAfter < 1 || l.StopAfter > maxFailures {
		return fmt.Errorf("passwd: Config.Limits.StopAfter: %d is not within 1 to %d", l.StopAfter, maxFailures)
	}
	if l.LiveLinks < 1 {
		return fmt.Errorf("passwd: Config.Limits.LiveLinks: %d is less than 1", l.LiveLinks)
	}
	return nil
}

// try is a guess under way, and what was counted for it.
type try struct {
	s      *Service
	ctx    context.Context
	client Client
	taken  []string
	count  int // consecutive failures with this one, if it is one, by the last key taken
}

func (s *Service) newTry(ctx context.Context, c Client) *try {
	return &try{s: s, ctx: ctx, client: c}
}

// take counts the try under a key, before the work. When the key must
// wait, what was counted before is taken back: a throttled try is no failure.
func (t *try) take(key string, l Limit) error {
	taken, err := t.s.limiter.Take(t.ctx, key, l, t.s.now())
	if err != nil {
		return t.abandon(t.s.fault(t.ctx, err))
	}
	if taken.Wait > 0 {
		t.s.Observe(t.ctx, Event{Name: EventRateLimited, Outcome: outcomeFailure, Client: t.client})
		return t.abandon(&RateLimitError{Wait: taken.Wait})
	}
	t.taken = append(t.taken, key)
	t.count = taken.Count
	return nil
}

// abandon takes back what was counted, for a try that came to no answer, and
// returns err. A caller that went away gets nothing back: to hang up must not
// be a way to guess for free.
func (t *try) abandon(err error) error {
	if t.ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return err
	}
	for _, key := range t.taken {
		if refundErr := t.s.limiter.Refund(t.ctx, key); refundErr != nil {
			return t.s.fault(t.ctx, refundErr)
		}
	}
	t.taken = nil
	return err
}

// succeeded forgets the failures of the account, takes back what was counted for
// the address, and remembers the address under seen, unless that is "".
func (t *try) succeeded(seen string) error {
	last := len(t.taken) - 1
	for i, key := range t.taken {
		var err error
		if i == last {
			err = t.s.limiter.Clear(t.ctx, key)
		} else {
			err = t.s.limiter.Refund(t.ctx, key)
		}
		if err != nil {
			return t.s.fault(t.ctx, err)
		}
	}
	t.taken = nil
	if seen == "" {
		return nil
	}
	// Cleared first, so that the month is counted from the latest sign-in.
	if err := t.s.limiter.Clear(t.ctx, seen); err != nil {
		return t.s.fault(t.ctx, err)
	}
	_, err := t.s.limiter.Take(t.ctx, seen, Limit{Free: 1, Window: rememberAddress}, t.s.now())
	return t.s.fault(t.ctx, err)
}

// rememberAddress is how long an address that signed in to an account has a
// count of its own there, so that strangers cannot keep the owner out.
const rememberAddress = 30 * 24 * time.Hour

// guessKey names the count of failures that a try at a login belongs to. The
// epoch is part of an account's key, so that a reset lifts a lockout in the very
// write that sets the password (I11).
func (s *Service) guessKey(ctx context.Context, l Login, a Account, found bool, c Client) (string, error) {
	if !found {
		return s.keys.limiterKey("login", l.Tenant, l.Value), nil
	}
	epoch := strconv.FormatInt(a.Epoch, 10)
	if seen := s.seenKey(a.Ref, c.Addr); seen != "" {
		n, err := s.limiter.Count(ctx, seen, s.now())
		if err != nil {
			return "", s.fault(ctx, err)
		}
		if n > 0 {
			return s.keys.limiterKey("known", a.Ref.Tenant, a.Ref.ID, epoch, network(c.Addr)), nil
		}
	}
	return s.keys.limiterKey("account", a.Ref.Tenant, a.Ref.ID, epoch), nil
}

func (s *Service) seenKey(r Ref, addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	return s.keys.limiterKey("seen", r.Tenant, r.ID, network(addr))
}

func (s *Service) addressKey(c Client) string { return s.keys.limiterKey("address", network(c.Addr)) }

// network is what counts as one address: IPv4 whole, of IPv6 the /64 that a
// single customer has.
func network(addr netip.Addr) string {
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}

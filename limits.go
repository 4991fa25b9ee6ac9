package passwd

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Limits are the bounds on trying. The zero value of each is its default.
//
// Only what does not depend on which accounts exist is ever answered by a
// [RateLimitError]: the text of a login and the client network, which is an IPv4
// address or an IPv6 /64. What is counted for an account is silent: beyond it, even
// the right password is wrong.
type Limits struct {
	// SignIn bounds consecutive failures at one login, as typed, from one client
	// network: sign-in and every change by login together. 10 free, then waits of 1 s
	// to 15 min.
	SignIn Limit
	// Account bounds consecutive failures at one account, at whichever of its logins,
	// from all client networks that are not known to it, silently. 20 free, then waits
	// of 1 s to 15 min.
	Account Limit
	// StopAfter is how many consecutive failures an account stands: four fifths of it
	// from networks that are not known to it, the rest from those that are, and from
	// signed-in users. Then even the right password is wrong from there, until a reset;
	// its owner is told once. 100, which is also the maximum (NIST SP 800-63B-4 §3.2.2),
	// and at least 5.
	StopAfter int
	// Address bounds failures from one client network, whichever accounts they were
	// at. 100 in 10 minutes.
	Address Limit
	// ResetRequests bounds requests for links and codes from one client network, and
	// apart from them calls of RevealMatches. 60 in an hour.
	ResetRequests Limit
	// Messages bounds the links and codes that are asked for with one login from one
	// client network. 10 in an hour.
	Messages Limit
	// Redeem bounds how often a live link, code or ticket of one account may be
	// presented with a new password, and apart from that how often from one client
	// network. 100 in 10 minutes.
	Redeem Limit
	// Checks bounds policy checks while typing, for one account or, at sign-up, from one
	// client network. 60 in a minute.
	Checks Limit
	// LiveLinks is how many unused links one client network, or known device, may have
	// for an account at a time: one more ends the oldest of these, and of no other. 3.
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
	fill(&l.Account, Limit{Free: 20, Wait: time.Second, MaxWait: 15 * time.Minute})
	fill(&l.Address, Limit{Free: 100, Window: 10 * time.Minute})
	fill(&l.ResetRequests, Limit{Free: 60, Window: time.Hour})
	fill(&l.Messages, Limit{Free: 10, Window: time.Hour})
	fill(&l.Redeem, Limit{Free: 100, Window: 10 * time.Minute})
	fill(&l.Checks, Limit{Free: 60, Window: time.Minute})
	l.StopAfter = cmp.Or(l.StopAfter, maxFailures)
	l.LiveLinks = cmp.Or(l.LiveLinks, 3)
	return l
}

func (l Limits) validate() error {
	var faults []error
	for _, f := range []struct {
		name string
		Limit
	}{
		{"SignIn", l.SignIn}, {"Account", l.Account}, {"Address", l.Address}, {"ResetRequests", l.ResetRequests},
		{"Messages", l.Messages}, {"Redeem", l.Redeem}, {"Checks", l.Checks},
	} {
		if f.Free < 1 || f.Window < 0 || f.Wait < 0 || f.MaxWait < f.Wait || f.Window == 0 && f.Wait == 0 {
			faults = append(faults, fmt.Errorf("passwd: Config.Limits.%s: need Free of 1 or more, and either a Window or a Wait of at most MaxWait", f.name))
		}
	}
	if l.StopAfter < 5 || l.StopAfter > maxFailures {
		faults = append(faults, fmt.Errorf("passwd: Config.Limits.StopAfter: %d is not within 5 to %d", l.StopAfter, maxFailures))
	}
	if l.LiveLinks < 1 {
		faults = append(faults, fmt.Errorf("passwd: Config.Limits.LiveLinks: %d is less than 1", l.LiveLinks))
	}
	return errors.Join(faults...)
}

// stopKnown and stopOthers are the two parts of StopAfter.
func (l Limits) stopKnown() int  { return l.StopAfter / 5 }
func (l Limits) stopOthers() int { return l.StopAfter - l.stopKnown() }

// network is what counts as one client: IPv4 whole, of IPv6 the /64 that a single
// customer has.
func network(addr netip.Addr) string {
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}

package passwd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwpolicy"
)

// Config is what a [Service] is made of. Store, Keys, Notify and Links are
// required; the zero value of every other field is the safe default. Its functions
// and interfaces are called concurrently.
type Config struct {
	Store  Store    // accounts, hashes and digests of tokens
	Keys   Keys     // what all secrets are derived from
	Notify Notifier // delivers messages
	Links  Links    // where the links in them lead

	// Policy judges new passwords, on every path. The zero Policy is NIST().
	Policy pwpolicy.Policy
	// PolicyFor picks another policy for an account, as tenants with rules of their
	// own need. If nil, every account has Policy. It is asked for every new password
	// and check of one, and at every sign-in by an account whose password has a known
	// age (see [pwpolicy.MaxAge]). If it fails, so does the request, with ErrUnavailable.
	PolicyFor func(ctx context.Context, a Account) (pwpolicy.Policy, error)
	// PolicyFloor holds for every account, whatever Policy and PolicyFor say: its rules are
	// enforced in addition to theirs, and of two rules with the same name both are, so that
	// a tenant can tighten it but not loosen it. A policy that contradicts it, so that no
	// password is acceptable, rejects the request. The zero Policy is no floor.
	PolicyFloor pwpolicy.Policy

	// Hasher makes and verifies hashes. If nil, the zero pwhash.Argon2id.
	Hasher pwhash.Hasher
	// HashWorkers is how many hashes may be computed at once. Each holds the memory
	// of its parameters, 19 MiB by default. If 0, GOMAXPROCS.
	HashWorkers int
	// HashMemory is how many bytes they may hold together, for tables in which some
	// hashes need far more than others. One that needs more is computed alone. If 0,
	// for each worker what a new hash needs and at least 32 MiB; below 0, no bound. It
	// has no effect unless Hasher is a [pwhash.Inspector].
	HashMemory int64
	// HashWaiting is how many calls may wait for a turn before others get ErrBusy,
	// as a [*BusyError]. If 0, 64 for each worker; below 0, nobody waits.
	HashWaiting int
	// Dummies are what the password of an unknown login is compared with, so that
	// time does not tell that it is unknown (I6): hashes of passwords that nobody
	// knows, or "" for one that Hasher makes. If there are none, it is that one.
	//
	// They are for tables with hashes of another stack that take a different time. Give
	// them in the proportions of the table: for one half of bcrypt with cost 10, a bcrypt
	// hash of cost 10 and "". A login is always compared with the same one. What this does
	// not close: the proportion changes with every sign-in that replaces such a hash, so
	// adjust it now and then; and anyone who watches one login for a long time sees it
	// change from slow to fast, which only an account does.
	Dummies []Hash

	// Queue keeps messages until they are delivered. If nil, the Store where it is
	// a Queue, else a bounded one in memory, which a restart empties.
	Queue Queue
	// Limiter counts tries. If nil, the Store where it is a Limiter, else a bounded
	// one in memory, which a restart empties.
	Limiter Limiter
	// Limits are the bounds on trying. The zero value of each is its default.
	Limits Limits

	// Admit has the last word on a sign-in, or a change by login, with the right
	// password. Its error is returned unchanged: ErrSecondFactor says that more is needed
	// before a session, token or ticket may be issued. If nil, the right password is
	// enough.
	Admit func(ctx context.Context, a Account, c Client) error
	// AfterWrite is told of every password write after its commit, and again by
	// the worker until it returns nil, for 30 days at most: it must be idempotent. If
	// nil, nobody is.
	AfterWrite func(ctx context.Context, w Written) error
	// Observer receives events. If nil, they are dropped.
	Observer Observer

	// Deliveries is how many messages one [Service.Run] delivers at once, and how many
	// at most are delivered a second time if the process dies. If 0, 4, of which 3 at
	// most are in one channel and 2 of these at messages that failed before, so that a
	// gateway that hangs delays the other channel by a second at most. With 1, a
	// delivery that hangs delays all others.
	Deliveries int
	// InsecureLiveCache lets [Service.Live], and with it the JWTs of session/jwt,
	// answer from memory for so long, at most a minute, that an account is still good
	// at an epoch: in a microsecond and without the store. It costs that a session or
	// JWT that another process has ended, by a password write or by Revoke, goes on
	// being accepted here for so long at most. So does one of an account that the host
	// closes itself, or whose hash it writes past the library, or that this process
	// writes through [Service.With], until so long after the commit. What this process
	// writes otherwise is known here at once, and refusals are never remembered. The
	// sessions of package session are compared in the lookup that finds them and do not
	// use it. If 0, every call asks the store.
	InsecureLiveCache time.Duration

	// InsecureAcceptUnstamped is until when [Service.Live] takes the epoch 0 for good: that
	// of the sessions which were open when the host adopted the library, so that nobody has
	// to sign in once more. They end by the account's first password write, Revoke or
	// suspension of the library's, as all others do. It costs that until then nothing tells
	// them from each other: what the host itself has ended by other means, such as a
	// password that its own earlier program has written, may be good again. Set it to
	// when the last of them has expired anyway. If zero, they are not accepted.
	InsecureAcceptUnstamped time.Time
	// InsecureInvitationTTL is for how long the link of an [Service.Invite] is good, more
	// than 24 hours and at most 7 days: people who are invited on a Friday. It costs that
	// much longer, whoever reads the mailbox can give the account its first password
	// (ASVS 6.4.1 has initial secrets expire after a short period of time, SP 800-63B-4
	// those sent by mail after 24 hours). If 0, 24 hours.
	InsecureInvitationTTL time.Duration

	// JobLease is how long a job that is being processed is kept from other workers; a delivery
	// gets three quarters of it. If 0, one minute.
	JobLease time.Duration
	// Now is the clock. If nil, time.Now. Times are kept in UTC, to the microsecond.
	Now func() time.Time
}

// required lists the faults of fields that are looked at by themselves.
func (c Config) required() (faults []error) {
	for _, f := range []struct {
		wrong bool
		text  string
	}{
		{c.Store == nil, "Store is required (memstore.New to start with)"},
		{c.Notify == nil, "Notify is required: it delivers the messages"},
		{c.Links.Base == "", "Links.Base is required: the absolute URL of the mounted pages"},
		{c.JobLease < 0, "JobLease is negative"},
		{c.Deliveries < 0, "Deliveries is negative"},
		{
			c.InsecureInvitationTTL != 0 && (c.InsecureInvitationTTL <= invitationTTL || c.InsecureInvitationTTL > maxInvitationTTL),
			fmt.Sprintf("InsecureInvitationTTL: %v is not more than %v and at most %v", c.InsecureInvitationTTL, invitationTTL, maxInvitationTTL),
		},
		{
			c.InsecureLiveCache < 0 || c.InsecureLiveCache > maxLiveCache,
			fmt.Sprintf("InsecureLiveCache: %v is not within 0 and %v", c.InsecureLiveCache, maxLiveCache),
		},
	} {
		if f.wrong {
			faults = append(faults, errors.New("passwd: Config."+f.text))
		}
	}
	return faults
}

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

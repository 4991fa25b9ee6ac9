// Package storetest holds the contract of passwd.Store, passwd.Queue and session.Store
// as tests, for their implementers:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Fixture{
//			Open: func() (passwd.Store, error) { return openEmpty(t) },
//			Seed: insertUsers,
//		})
//	}
//
// RunWithin does the same inside a transaction of the host's. RunLimiter and RunQueue hold
// the contracts of a passwd.Limiter and of a passwd.Queue that are apart from the store, and
// RunSessions that of sessions alone. Run them under the race detector. A failure says which case
// it is, which invariants (I1 to I12) and requirements that guards, and the rule:
//
//	 1 find: find/*, accounts/tenants, values/renamed, values/unfolded, values/lookalikes
//	 2 ids: accounts/round trip, accounts/no password, accounts/not activated,
//	    accounts/disabled, accounts/no local password, accounts/unknown, accounts/hostile ids, accounts/same id in two tenants,
//	    values/like an id, values/joined, values/two tenants joined, values/long tenant, values/whole,
//	    values/exact, values/digests
//	 3 replace: apply/*, conflict/*, rehash/*, accounts/long hash, accounts/host write, values/hash
//	 4 replace with a token: consume/*, write/*
//	 5 what a write ends: outside/*, epoch/*, history/*, forget/*, remove/*, sessions/epoch, sessions/keep,
//	    sessions/keep what is dead, sessions/other writes, sessions/forget
//	 6 races of writers: race/compare and swap, race/no lost update, race/first epoch,
//	    race/change and reset, race/one token, race/one token alone, race/code and write,
//	    race/own tokens, race/attempts and writes
//	 7 rehash against replace: race/rehash and replace
//	 8 issue and sign-in against replace: race/issue and replace, race/create and replace,
//	    race/keep and rotate
//	 9 single use: peek/*, issue/*, race/issue that consumes, race/issue again
//	10 quotas: attempt/*, quota/*, race/attempts, race/quota
//	11 sessions: sessions/*, race/rotate, race/create
//	12 clocks: live/*, race/two clocks, sessions/clock goes back, sessions/expiry, queue/due
//	13 limiter: limiter/*
//	14 purge: purge/*, sessions/purge
//	15 contexts: context/*, sessions/cancelled
//	16 host transactions: within/*
//	17 the rest: queue/*, sharing/*, handles/*
//
// The cases of groups 1 to 5, 9, 11, 12 and 15 that need one goroutine run inside
// transactions as well, as inside/*. The sealed and digested secrets are made above the
// store, which never sees one. What the suite cannot see from outside, a store has to test
// by itself: a process that dies between two statements, a connection that is cut in a
// COMMIT, the latency beside a purge, and the settings of its driver.
//
// New cases come with minor versions: a store that passes today may be shown to
// break its contract tomorrow.
package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
)

// Fixture tells the suite how to get at a store. Its functions are called from
// one goroutine at a time; the store itself is used by many.
type Fixture struct {
	// Open returns a fresh, empty store. It is called once for every case.
	Open func() (passwd.Store, error)

	// Close ends the use of a store that Open returned. nil does nothing.
	Close func(passwd.Store) error

	// Seed writes accounts into the host's table in the way the host does, past the
	// store: identifiers, Personal, Locale, Address, Hash, Active, Disabled and NoPassword. An
	// account that exists is updated in place. The epoch and all else is the
	// library's: Seed neither sets nor clears it. Personal is always first_name,
	// then last_name.
	Seed func(ctx context.Context, s passwd.Store, accounts ...passwd.Account) error

	// Remove deletes the rows of accounts in the way the host does, past the store. What
	// the library keeps about them stays: Forget is for that. nil leaves untested what
	// becomes of it.
	Remove func(ctx context.Context, s passwd.Store, accounts ...passwd.Ref) error

	// Reopen returns a second store on the data of one that Open returned, with locks,
	// caches and connections of its own, as another process has it. Half of the callers
	// of each race use it. It is closed by Close as well, before the first one; it may be
	// the same at each call. nil is for a store that one process has for itself: where
	// there are several, it leaves untested what matters most.
	Reopen func(s passwd.Store) (passwd.Store, error)

	// ID returns the nth valid id, counted from 1: another one for every n, in its
	// canonical form. nil counts in decimal.
	ID func(n int) string

	// TextIDs says that ids may be any text: then the suite makes some of its own.
	TextIDs bool

	// Lacks tells what accounts of this store cannot have.
	Lacks Lacks

	// MaxJobs is the bound of the queue that Open returns, made small for the test,
	// but 64 or more. 0 leaves the bound untested.
	MaxJobs int

	// Rounds is how often each race is run. 0 is 3.
	Rounds int

	// Timeout ends a case whose store hangs, if the store minds its context. 0 is a minute.
	Timeout time.Duration

	queueOnly bool // there is no store: see RunQueue
}

// Lacks names what a store, or the table under it, does without. The zero value
// lacks nothing; the cases about what is lacking are skipped.
type Lacks struct {
	Username   bool // accounts have no user names
	Email      bool // accounts have no e-mail addresses to be found by
	Mobile     bool // accounts have no mobile numbers to be found by
	Personal   bool // accounts have no personal data
	Locale     bool // accounts have no language
	Address    bool // confirmed addresses are not the host's to seed: they are not compared
	Active     bool // every account is activated
	Disabled   bool // no account can be closed
	NoPassword bool // no account is kept from having a password
	Tenants    bool // every account is of tenant ""
	SharedIDs  bool // two tenants cannot use the same id
	Twins      bool // two accounts cannot have the same identifier, whatever its case
	LongHashes bool // hashes of 4 KB do not fit
	LongValues bool // identifiers, personal data and tenants of 200 bytes do not fit
	Unfolded   bool // the host keeps identifiers in normalisation form C and without white space around them
	Queue      bool // the store is no passwd.Queue
	Sessions   bool // the store is no session.Store
}

// check is one case of the contract.
type check struct {
	name   string
	guards string // the invariants, requirements or threats behind the rule
	rule   string
	needs  func(Fixture) bool // false skips the case; nil needs nothing
	run    func(*checker)
}

// storeChecks are the cases of a passwd.Store that need one goroutine, and so hold
// inside a transaction as well.
func storeChecks() []check {
	return slices.Concat(
		accountChecks(),
		findChecks(),
		valueChecks(),
		removeChecks(),
		reuseChecks(),
		sessionRemoveChecks(),
		applyChecks(),
		conflictChecks(),
		historyChecks(),
		forgetChecks(),
		raiseChecks(),
		outsideChecks(),
		consumeChecks(),
		writeTokenChecks(),
		issueChecks(),
		quotaChecks(),
		liveChecks(),
	)
}

// checks returns every case, group by group.
func checks() []check {
	return slices.Concat(
		storeChecks(),
		attemptChecks(),
		purgeChecks(),
		credentialRaces(),
		tokenRaces(),
		queueChecks(),
		queueWriteChecks(),
		contextChecks(),
		handleChecks(),
		sessionHandleChecks(),
		queueHandleChecks(),
		contextQueueChecks(),
		interruptChecks(),
		sharingChecks(),
		sessionChecks(),
	)
}

// Run runs every case as a subtest.
func Run(t *testing.T, f Fixture) { f.run(t, checks()) }

// run runs cases as subtests.
func (f Fixture) run(t *testing.T, cases []check) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if !c.applies(f) {
				t.Skip("the fixture lacks what this case is about")
			}
			if err := c.against(t.Context(), f); err != nil {
				t.Error(err)
			}
		})
	}
}

// Check runs every case outside go test and joins what they found. nil means
// that the store keeps its contract.
func Check(f Fixture) error { return f.check(checks()) }

func (f Fixture) check(cases []check) error {
	var found []error
	for _, c := range cases {
		if c.applies(f) {
			found = append(found, c.against(context.Background(), f))
		}
	}
	return errors.Join(found...)
}

func (c check) applies(f Fixture) bool { return c.needs == nil || c.needs(f) }

// limit is Fixture.Timeout if that is 0.
const limit = time.Minute

// hasStore is false in RunQueue, where there is a queue alone.
func hasStore(f Fixture) bool { return !f.queueOnly }

// against runs the case and returns its failures, each with the rule it breaks.
func (c check) against(ctx context.Context, f Fixture) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(f.Timeout, limit))
	defer cancel()
	failed := func(detail any) error {
		return fmt.Errorf("%s (%s): %s\n\t%v", c.name, c.guards, c.rule, detail)
	}
	store, err := f.Open()
	if err != nil {
		return failed(fmt.Sprintf("Fixture.Open: %v", err))
	}
	k := &checker{Fixture: f, ctx: ctx, store: store}
	k.execute(c.run)
	for _, s := range []passwd.Store{k.second.store, store} {
		if f.Close == nil || s == nil {
			continue
		}
		if err := f.Close(s); err != nil {
			k.failures = append(k.failures, fmt.Sprintf("Fixture.Close: %v", err))
		}
	}
	if len(k.failures) == 0 {
		return nil
	}
	return failed(strings.Join(k.failures, "\n\t"))
}

// checker is what a case runs on: a fresh store, and a list of what went wrong.
type checker struct {
	Fixture
	ctx      context.Context
	store    passwd.Store
	second   second
	failures []string
	serial   int // of digests and jobs
}

// aborted is what fatalf panics with.
type aborted struct{}

func (c *checker) execute(run func(*checker)) {
	defer func() {
		switch r := recover(); r.(type) {
		case nil, aborted:
		default:
			c.failures = append(c.failures, fmt.Sprintf("panic: %v\n%s", r, debug.Stack()))
		}
	}()
	run(c)
}

// errorf notes a failure, with the line of the case that led to it.
func (c *checker) errorf(format string, args ...any) {
	c.failures = append(c.failures, caseLine()+": "+fmt.Sprintf(format, args...))
}

// fatalf notes a failure and ends the case.
func (c *checker) fatalf(format string, args ...any) {
	c.errorf(format, args...)
	panic(aborted{})
}

// caseLine returns the line of the function that execute called, which is where
// a reader looks first: helpers stand between it and the failure.
func caseLine() string {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	line := "?"
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.Function, ".(*checker).execute") || !more {
			return line
		}
		line = "storetest/" + path.Base(frame.File) + ":" + strconv.Itoa(frame.Line)
	}
}

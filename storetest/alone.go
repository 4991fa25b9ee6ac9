package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/passwd-go/passwd"
)

// QueueFixture tells the suite how to get at a passwd.Queue that is apart from the store.
type QueueFixture struct {
	// Open returns a fresh, empty queue. It is called once for every case.
	Open func() (passwd.Queue, error)
	// Close ends the use of a queue. nil does nothing.
	Close func(passwd.Queue) error
	// Reopen is Fixture.Reopen: a second queue on the jobs of one that Open returned.
	Reopen func(passwd.Queue) (passwd.Queue, error)
	// MaxJobs is the bound of the queue that Open returns, 64 or more. 0 leaves the
	// bound untested.
	MaxJobs int
	// Rounds is how often each race is run. 0 is 3.
	Rounds int
}

// RunQueue runs the contract of passwd.Queue as subtests, for a queue that is apart
// from the store. For one that is the store, [Run] does, with the jobs of a write.
func RunQueue(t *testing.T, f QueueFixture) { f.fixture().run(t, queueOnlyChecks()) }

// CheckQueue is RunQueue outside go test; it joins what it found.
func CheckQueue(f QueueFixture) error { return f.fixture().check(queueOnlyChecks()) }

// RunSessions runs the contract of session.Store as subtests, of which [Run] has the
// same: it is for those who are at work on their sessions.
func RunSessions(t *testing.T, f Fixture) { f.run(t, sessionOnlyChecks()) }

// CheckSessions is RunSessions outside go test; it joins what it found.
func CheckSessions(f Fixture) error { return f.check(sessionOnlyChecks()) }

func queueOnlyChecks() []check {
	return slices.Concat(queueChecks(), contextQueueChecks(), queueHandleChecks())
}

func sessionOnlyChecks() []check {
	return slices.Concat(sessionChecks(), sessionHandleChecks(), sessionRemoveChecks())
}

// queueStore is a queue in the place of a store that the cases never ask.
type queueStore struct {
	passwd.Store
	passwd.Queue
}

var errNoStore = errors.New("there is no store beside the queue")

func (f QueueFixture) fixture() Fixture {
	g := Fixture{
		Open: func() (passwd.Store, error) {
			q, err := f.Open()
			return &queueStore{Queue: q}, err
		},
		Seed:    func(context.Context, passwd.Store, ...passwd.Account) error { return errNoStore },
		MaxJobs: f.MaxJobs, Rounds: f.Rounds, queueOnly: true,
	}
	if f.Close != nil {
		g.Close = func(s passwd.Store) error { return f.Close(s.(*queueStore).Queue) }
	}
	if f.Reopen != nil {
		g.Reopen = func(s passwd.Store) (passwd.Store, error) {
			q, err := f.Reopen(s.(*queueStore).Queue)
			return &queueStore{Queue: q}, err
		}
	}
	return g
}

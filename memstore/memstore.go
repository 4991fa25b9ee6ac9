// Package memstore is a passwd.Store, passwd.Queue and session.Store in memory, for
// unit tests and quick starts. It keeps the whole contract, package storetest included, and
// forgets everything with the process.
//
// One mutex guards it and no goroutine runs in it, so there is nothing to close.
// No call walks all accounts; [Store.Purge] walks all tokens and sessions,
// and [Store.Claim] the jobs until it has enough.
package memstore

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

// Store holds the host's accounts in place of a users table, and what the
// library keeps about them. The zero Store is empty and ready to use. A Store is
// safe for concurrent use and must not be copied.
type Store struct {
	// MaxJobs bounds the queue: once it holds that many jobs, Put refuses another one
	// with passwd.ErrQueueFull. 0 is 10,000. Set it before the store is used.
	MaxJobs int

	mu       sync.Mutex
	accounts map[passwd.Ref]*passwd.Account
	logins   map[passwd.Login][]passwd.Ref // by compared form, sorted by id
	ours     map[passwd.Ref]*record
	tokens   map[passwd.TokenRef]*passwd.TokenRecord
	sessions sessions
	queue    passwd.MemoryQueue
}

// record is what the library keeps about an account beside the host's row.
type record struct {
	epoch    int64
	written  passwd.Hash // the hash after the last write of ours, while known says so
	known    bool
	raised   bool
	history  []passwd.Hash // newest first
	tokens   []*passwd.TokenRecord
	sessions []*held

	// What Forget has left in the row, why the account has to change its password, is
	// bound to the hash there, until the next write.
	forgotten bool
	bound     passwd.Hash

	// Of an account whose row is gone. While it is there, its row has these.
	changedAt time.Time
	must      passwd.Reason
	mustUntil time.Time
}

var (
	_ passwd.Store  = (*Store)(nil)
	_ passwd.Queue  = (*Store)(nil)
	_ session.Store = (*Store)(nil)
)

// New returns a store of the accounts, which are stored as by [Store.Set].
func New(accounts ...passwd.Account) *Store {
	s := new(Store)
	s.Set(accounts...)
	return s
}

// lock begins a step, unless the context has ended.
func (s *Store) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	return nil
}

// epoch returns the current epoch of an account, 0 if it has none yet.
func (s *Store) epoch(r passwd.Ref) int64 {
	o := s.ours[r]
	switch a := s.accounts[r]; {
	case o == nil:
		return 0
	case a != nil && o.outside(a.Hash):
		return passwd.OutsideEpoch(o.epoch, a.Hash)
	}
	return o.epoch
}

// outside reports whether somebody else has written a hash.
func (o *record) outside(h passwd.Hash) bool { return o.known && o.epoch != 0 && o.written != h }

// record returns what is kept about an account, empty if that is nothing yet.
func (s *Store) record(r passwd.Ref) *record {
	o := s.ours[r]
	if o == nil {
		o = new(record)
		if s.ours == nil {
			s.ours = make(map[passwd.Ref]*record)
		}
		s.ours[r] = o
	}
	return o
}

// micro returns t as every store keeps it: in UTC, to the microsecond.
func micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func clone(a passwd.Account) passwd.Account {
	a.Personal = slices.Clone(a.Personal)
	a.Address = slices.Clone(a.Address)
	a.Columns = maps.Clone(a.Columns)
	a.ChangedAt, a.MustUntil = micro(a.ChangedAt), micro(a.MustUntil)
	return a
}

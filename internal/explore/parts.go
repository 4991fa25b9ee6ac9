package explore

import (
	"context"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/session"
)

// What steps touch of a store. All of it is of the one account, so that a name is
// enough; a limiter's keys are names of their own.
const (
	row      = "row"   // the host's: hash, addresses, whether it is active, and why it must change
	epoch    = "epoch" // and what is live by it
	tokens   = "tokens"
	history  = "history"
	sessions = "sessions"
	queue    = "queue"
	mail     = "mail"
	hook     = "hook"
)

func reads(call string, names ...string) Step  { return Step{Name: call, Reads: names} }
func writes(call string, names ...string) Step { return Step{Name: call, Writes: names} }
func (s Step) reading(names ...string) Step    { s.Reads = names; return s }

// store is the memstore of a world, whose every call is a step, and which tells the
// world what was written through it.
type store struct{ *base }

func (s store) Get(ctx context.Context, r passwd.Ref) (a passwd.Account, err error) {
	err = At(ctx, reads("Get", row, epoch), func() error { a, err = s.Store.Get(ctx, r); return err })
	return a, err
}

func (s store) Find(ctx context.Context, l passwd.Login, max int) (found []passwd.Account, err error) {
	err = At(ctx, reads("Find "+string(l.Kind), row, epoch), func() error {
		if t := threadOf(ctx); t != nil {
			t.forgot = s.forgot
		}
		found, err = s.Store.Find(ctx, l, max)
		return err
	})
	return found, err
}

func (s store) Apply(ctx context.Context, w passwd.Write) (e int64, err error) {
	step := writes("Apply a password", row, epoch, tokens, history, sessions)
	switch {
	case w.NewHash == "" && w.Raise:
		step.Name = "Apply a raise"
	case w.NewHash == "" && w.Consume == nil && !w.VoidAll && w.Issue == nil:
		step = writes("Apply "+string(w.Must), row, epoch)
		step.After = true // an epoch pinned, or a password expired: the flow goes on from there
	}
	if len(w.Jobs) > 0 {
		step.Writes = append(step.Writes, queue)
	}
	err = At(ctx, step, func() error {
		before, _ := s.Store.Get(context.Background(), w.Account)
		if e, err = s.Store.Apply(ctx, w); err == nil {
			s.applied(w, before, e)
		}
		return err
	})
	return e, err
}

func (s store) Rehash(ctx context.Context, r passwd.Ref, old, new passwd.Hash) (done bool, err error) {
	step := writes("Rehash", row)
	step.After = true
	err = At(ctx, step, func() error { done, err = s.Store.Rehash(ctx, r, old, new); return err })
	return done, err
}

func (s store) History(ctx context.Context, r passwd.Ref, n int) (hashes []passwd.Hash, err error) {
	err = At(ctx, reads("History", history, row), func() error { hashes, err = s.Store.History(ctx, r, n); return err })
	return hashes, err
}

func (s store) Forget(ctx context.Context, r passwd.Ref) error {
	step := writes("Forget", row, epoch, tokens, history, sessions)
	return At(ctx, step, func() error { return s.Store.Forget(ctx, r) })
}

func (s store) Issue(ctx context.Context, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
	step := writes("Issue "+string(t.Purpose), tokens).reading(row, epoch)
	step.After = t.Purpose == passwd.PurposeReset // the link that goes with a code is complete by itself
	return At(ctx, step, func() error {
		err := s.Store.Issue(ctx, t, maxLive, consume)
		if err == nil {
			s.issued(t, consume)
		}
		return err
	})
}

func (s store) Peek(ctx context.Context, t passwd.TokenRef, now time.Time) (rec passwd.TokenRecord, err error) {
	err = At(ctx, reads("Peek "+string(t.Purpose), tokens, epoch), func() error { rec, err = s.Store.Peek(ctx, t, now); return err })
	return rec, err
}

func (s store) Attempt(ctx context.Context, t passwd.TokenRef, max int, now time.Time) (rec passwd.TokenRecord, err error) {
	step := writes("Attempt", tokens).reading(epoch)
	err = At(ctx, step, func() error { rec, err = s.Store.Attempt(ctx, t, max, now); return err })
	return rec, err
}

func (s store) Put(ctx context.Context, j passwd.Job) error {
	return At(ctx, writes("Put", queue), func() error { return s.Store.Put(ctx, j) })
}

func (s store) Claim(ctx context.Context, n int, lease time.Duration, now time.Time) (jobs []passwd.Job, err error) {
	step := writes("Claim", queue)
	step.Before = true
	err = At(ctx, step, func() error { jobs, err = s.Store.Claim(ctx, n, lease, now); return err })
	return jobs, err
}

func (s store) Done(ctx context.Context, id string) error {
	return At(ctx, writes("Done", queue), func() error { return s.Store.Done(ctx, id) })
}

func (s store) Retry(ctx context.Context, id string, at time.Time) error {
	return At(ctx, writes("Retry", queue), func() error { return s.Store.Retry(ctx, id, at) })
}

func (s store) CreateSession(ctx context.Context, r session.Record, max int) error {
	step := writes("CreateSession", sessions).reading(row, epoch)
	return At(ctx, step, func() error {
		err := s.Store.CreateSession(ctx, r, max)
		if err == nil {
			s.opened(r)
		}
		return err
	})
}

func (s store) FindSession(ctx context.Context, t session.TokenRef, now time.Time) (r session.Record, why passwd.Reason, err error) {
	step := reads("FindSession", sessions, row, epoch)
	err = At(ctx, step, func() error { r, why, err = s.Store.FindSession(ctx, t, now); return err })
	return r, why, err
}

func (s store) RotateSession(ctx context.Context, r session.Rotation) (rec session.Record, err error) {
	step := writes("RotateSession", sessions).reading(row, epoch)
	err = At(ctx, step, func() error {
		if rec, err = s.Store.RotateSession(ctx, r); err == nil {
			s.refreshed(r)
		}
		return err
	})
	return rec, err
}

func (s store) TouchSession(ctx context.Context, id string, used, expires time.Time) error {
	return At(ctx, writes("TouchSession", sessions), func() error { return s.Store.TouchSession(ctx, id, used, expires) })
}

func (s store) ListSessions(ctx context.Context, r passwd.Ref, now time.Time) (list []session.Record, err error) {
	step := reads("ListSessions", sessions, row, epoch)
	err = At(ctx, step, func() error { list, err = s.Store.ListSessions(ctx, r, now); return err })
	return list, err
}

func (s store) EndSessions(ctx context.Context, r passwd.Ref, f session.Filter) (n int, err error) {
	err = At(ctx, writes("EndSessions", sessions), func() error { n, err = s.Store.EndSessions(ctx, r, f); return err })
	return n, err
}

// limiter is the limiter of a world, whose every call is a step. The world gets to know
// its keys.
type limiter struct{ *base }

// Do is a step that is named after the first key that it changes, or else peeks at.
func (l limiter) Do(ctx context.Context, now time.Time, steps ...passwd.Step) (answers []passwd.Taken, err error) {
	if len(steps) == 0 {
		return l.limiter.Do(ctx, now)
	}
	call := map[passwd.StepKind]string{passwd.StepTake: "Take", passwd.StepPeek: "Peek", passwd.StepRefund: "Refund", passwd.StepClear: "Clear"}
	step := Step{Name: call[steps[0].Do] + " " + kindOf(steps[0].Key)}
	for i := len(steps) - 1; i >= 0; i-- {
		s := steps[i]
		l.counted[s.Key] = true
		if s.Do == passwd.StepPeek {
			step.Reads = append(step.Reads, s.Key)
			continue
		}
		step.Writes = append(step.Writes, s.Key)
		step.Name = call[s.Do] + " " + kindOf(s.Key)
	}
	forgets := step.Name == "Clear account"
	step.After = forgets // Forget is two steps: its counts are complete by themselves
	err = At(ctx, step, func() error {
		if t := threadOf(ctx); forgets {
			if _, err := l.Store.Get(context.Background(), ref); err != nil {
				l.forgot++
			}
		} else if t != nil && step.Name == "Take login" && t.forgot < l.forgot {
			l.outrun = true
		}
		answers, err = l.limiter.Do(ctx, now, steps...)
		return err
	})
	return answers, err
}

// hasher is a hasher that can fail, and some of whose hashes are stale. What it does
// nobody else sees: its steps commute with all others.
type hasher struct {
	passwdtest.Hasher
	*base
}

const stale = "stale:" // before a hash of passwdtest's

func (h hasher) Hash(ctx context.Context, password string) (made passwd.Hash, err error) {
	err = At(ctx, Step{Name: "hash"}, func() error {
		made, err = h.Hasher.Hash(ctx, password)
		if h.World != nil { // a replica that starts hashes before it has one
			h.passwords[made] = password
		}
		return err
	})
	return made, err
}

func (h hasher) Verify(ctx context.Context, p passwd.Hash, password string) (v pwhash.Verdict, err error) {
	err = At(ctx, Step{Name: "verify"}, func() error {
		fresh, old := strings.CutPrefix(string(p), stale)
		v, err = h.Hasher.Verify(ctx, passwd.Hash(fresh), password)
		v.Stale = v.Match && old
		return err
	})
	return v, err
}

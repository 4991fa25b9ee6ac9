package explore

import (
	"context"
	"sync"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/session"
)

// replica is one process of the host's, and what it stands on.
type replica struct {
	svc      *passwd.Service
	sessions *session.Manager
	base     *base
	rotated  bool // it has new keys
}

// base is where a replica finds its store, limiter, clock and mailbox: those of the
// world that it is in.
type base struct {
	*World
	ahead time.Duration // of its clock
}

// processes are replicas that have nothing to do. To start one takes longer than to run
// most schedules, so that those of a world that has come to its end go on in another.
// A nil *processes keeps none.
type processes struct {
	mu   sync.Mutex
	idle []replica
}

// newReplica has a process whose clock is ahead. It is the world's until its end.
func (w *World) newReplica(rotated bool, ahead time.Duration) replica {
	r := w.processes.take(rotated)
	*r.base = base{w, ahead}
	w.replicas = append(w.replicas, r)
	return r
}

func (p *processes) take(rotated bool) replica {
	if p != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		for i, r := range p.idle {
			if r.rotated == rotated {
				last := len(p.idle) - 1
				p.idle[i] = p.idle[last]
				p.idle = p.idle[:last]
				return r
			}
		}
	}
	return startReplica(rotated)
}

// release gives the replicas of a world to others, unless it is one in which something
// has gone wrong.
func (w *World) release() {
	p := w.processes
	if p == nil || len(w.broken) > 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range w.replicas {
		*r.base = base{}
		p.idle = append(p.idle, r)
	}
	w.replicas = nil
}

func startReplica(rotated bool) replica {
	keys := oldKeys
	if rotated {
		keys = newKeys
	}
	b := new(base)
	now := func() time.Time { return b.Clock.Now().Add(b.ahead) }
	svc, err := passwd.New(passwd.Config{
		Store: store{b}, Limiter: limiter{b}, Keys: keys, Now: now,
		Hasher: hasher{passwdtest.Hasher{}, b}, HashWorkers: 16,
		Notify: passwd.NotifierFunc(func(ctx context.Context, m passwd.Message) error {
			return At(ctx, writes("Notify "+string(m.Kind), mail), func() error { return b.mail.Notify(ctx, m) })
		}),
		Links:  passwd.Links{Base: "https://app.example.com/account/password"},
		Policy: policy(),
		Limits: limits(),
		AfterWrite: func(ctx context.Context, done passwd.Written) error {
			return At(ctx, writes("AfterWrite", hook), func() error { b.told = append(b.told, done); return nil })
		},
		Observer: passwd.ObserverFunc(func(_ context.Context, e passwd.Event) {
			if e.Name == passwd.EventChanged {
				b.changed++
			}
		}),
	})
	if err != nil {
		panic(err)
	}
	svc.Work(ended) // which does nothing, but from now on somebody delivers
	sessions, err := session.New(session.Config{Store: store{b}, Keys: keys, Now: now})
	if err != nil {
		panic(err)
	}
	return replica{svc, sessions, b, rotated}
}

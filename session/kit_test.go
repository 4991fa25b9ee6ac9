package session_test

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/session"
)

const (
	password = "correct horse battery"
	next     = "staple of another colour"
	day      = 24 * time.Hour
)

// kit is a service with accounts, and a manager over its store.
type kit struct {
	*passwdtest.Kit
	t       testing.TB
	keys    passwd.Keys
	store   *spy
	manager *session.Manager
	ada     passwd.Ref
}

func newKit(t testing.TB, cfg session.Config) *kit {
	t.Helper()
	keys := passwd.RandomKeys()
	k := &kit{Kit: passwdtest.New(t, passwd.Config{Keys: keys}), t: t, keys: keys}
	k.ada = k.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, password)
	k.store = &spy{Store: k.Store}
	if cfg.Keys.Current == nil {
		cfg.Keys = keys
	}
	k.manager = k.newManager(cfg)
	return k
}

// newManager makes another manager over the same store.
func (k *kit) newManager(cfg session.Config) *session.Manager {
	k.t.Helper()
	cfg.Store, cfg.Observe, cfg.Now = k.store, k.Service.Observe, k.Clock.Now
	m, err := session.New(cfg)
	if err != nil {
		k.t.Fatalf("session.New: %v", err)
	}
	return m
}

func (k *kit) signIn(password string) passwd.SignedIn {
	k.t.Helper()
	in, err := k.Service.SignIn(k.t.Context(), passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: password})
	if err != nil {
		k.t.Fatalf("SignIn: %v", err)
	}
	return in
}

var phone = session.Info{
	Client: "app", Device: "a phone's own id", DeviceName: "Ada's phone",
	From: passwd.Client{Addr: netip.MustParseAddr("192.0.2.1"), UserAgent: "app/1.0"},
}

func tablet() session.Info {
	i := phone
	i.Device, i.DeviceName = "a tablet's own id", "Ada's tablet"
	return i
}

// start signs in and opens a session.
func (k *kit) start(info session.Info) session.Pair {
	k.t.Helper()
	p, err := k.manager.Start(k.t.Context(), k.signIn(password), info)
	if err != nil {
		k.t.Fatalf("Start: %v", err)
	}
	return p
}

func (k *kit) refresh(p session.Pair) session.Pair {
	k.t.Helper()
	p, err := k.manager.Refresh(k.t.Context(), string(p.Refresh), passwd.Client{})
	if err != nil {
		k.t.Fatalf("Refresh: %v", err)
	}
	return p
}

func (k *kit) change(keep string) passwd.Written {
	k.t.Helper()
	w, err := k.Service.Change(k.t.Context(), passwd.Change{Account: k.ada, Current: password, New: next, KeepSession: keep})
	if err != nil {
		k.t.Fatalf("Change: %v", err)
	}
	return w
}

// wantCheck notes a failure unless Check of the access token returns the error.
func (k *kit) wantCheck(what string, p session.Pair, want error) {
	k.t.Helper()
	s, err := k.manager.Check(k.t.Context(), string(p.Access))
	if !errors.Is(err, want) {
		k.t.Errorf("%s: Check: error %v, want %v", what, err, want)
	}
	if want == nil && s.ID != p.Session.ID {
		k.t.Errorf("%s: Check: session %q, want %q", what, s.ID, p.Session.ID)
	}
}

// wantDead notes a failure unless both tokens are.
func (k *kit) wantDead(what string, p session.Pair) {
	k.t.Helper()
	k.wantCheck(what, p, passwd.ErrEnded)
	if _, err := k.manager.Refresh(k.t.Context(), string(p.Refresh), passwd.Client{}); !errors.Is(err, passwd.ErrEnded) {
		k.t.Errorf("%s: Refresh: error %v, want ErrEnded", what, err)
	}
}

// spy is a store that remembers what it was given, and fails on demand.
type spy struct {
	session.Store
	mu    sync.Mutex
	calls []string
	given []any
	fail  map[string]error
}

func (s *spy) note(call string, given ...any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, call)
	s.given = append(s.given, given...)
	return s.fail[call]
}

func (s *spy) CreateSession(ctx context.Context, r session.Record, max int) error {
	if err := s.note("CreateSession", r); err != nil {
		return err
	}
	return s.Store.CreateSession(ctx, r, max)
}

func (s *spy) FindSession(ctx context.Context, t session.TokenRef, now time.Time) (session.Record, passwd.Reason, error) {
	if err := s.note("FindSession", t); err != nil {
		return session.Record{}, "", err
	}
	return s.Store.FindSession(ctx, t, now)
}

func (s *spy) RotateSession(ctx context.Context, r session.Rotation) (session.Record, error) {
	if err := s.note("RotateSession", r); err != nil {
		return session.Record{}, err
	}
	return s.Store.RotateSession(ctx, r)
}

func (s *spy) TouchSession(ctx context.Context, id string, used, expires time.Time) error {
	if err := s.note("TouchSession", id); err != nil {
		return err
	}
	return s.Store.TouchSession(ctx, id, used, expires)
}

func (s *spy) ListSessions(ctx context.Context, r passwd.Ref, now time.Time) ([]session.Record, error) {
	if err := s.note("ListSessions", r); err != nil {
		return nil, err
	}
	return s.Store.ListSessions(ctx, r, now)
}

func (s *spy) EndSessions(ctx context.Context, r passwd.Ref, f session.Filter) (int, error) {
	if err := s.note("EndSessions", r, f); err != nil {
		return 0, err
	}
	return s.Store.EndSessions(ctx, r, f)
}

// Package passwdtest helps a host test its use of package passwd: a whole service over
// memory with a clock that stands still, a mailbox to read, and a hasher that costs
// next to nothing. Nothing sleeps and nothing runs in the background: [Kit.Deliver] is
// the worker.
//
//	kit := passwdtest.New(t, passwd.Config{})
//	ada := kit.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, "correct horse battery")
//	kit.Service.RequestReset(ctx, passwd.RequestReset{Login: passwd.Login{Value: "ada"}})
//	link := kit.DeliverOne(t)
//	kit.Service.Reset(ctx, passwd.Reset{Token: link.Token, New: "a quite different one"})
package passwdtest

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
)

// Kit is a service under test and what it stands on.
type Kit struct {
	Service *passwd.Service
	Store   *memstore.Store // nil if the configuration has another store
	Clock   *Clock          // what the service goes by, unless Config.Now is set
	Mail    *Mailbox        // where messages arrive, unless Config.Notify is set
	Events  *Events         // what was observed, unless Config.Observer is set

	mu sync.Mutex
	n  int
}

// New makes a service of cfg. Whatever cfg leaves empty is filled in for tests:
// an empty memstore, random keys, a mailbox, the clock, the cheap hasher, links
// under https://app.example.com/account/password, and a record of the events. A
// configuration that New refuses fails the test.
func New(t testing.TB, cfg passwd.Config) *Kit {
	t.Helper()
	kit := &Kit{Clock: NewClock(), Mail: &Mailbox{}, Events: &Events{}}
	if cfg.Store == nil {
		kit.Store = memstore.New()
		cfg.Store = kit.Store
	} else if s, ok := cfg.Store.(*memstore.Store); ok {
		kit.Store = s
	}
	if cfg.Keys.Current == nil {
		cfg.Keys = passwd.RandomKeys()
	}
	if cfg.Notify == nil {
		cfg.Notify = kit.Mail
	}
	if cfg.Links.Base == "" {
		cfg.Links.Base = "https://app.example.com/account/password"
	}
	if cfg.Hasher == nil {
		cfg.Hasher = Hasher{}
	}
	if cfg.Observer == nil {
		cfg.Observer = kit.Events
	}
	if cfg.Now == nil {
		cfg.Now = kit.Clock.Now
	}
	svc, err := passwd.New(cfg)
	if err != nil {
		t.Fatalf("passwdtest: %v", err)
	}
	kit.Service = svc
	kit.Deliver(t) // from now on the service knows that somebody delivers
	return kit
}

// Add puts an account with a password into the memstore and returns its name. An
// account without an id gets the next number; one without addresses gets its own
// e-mail address and mobile number, confirmed. It is active unless it is Disabled. The
// policy is not checked. It fails the test if the store is not a memstore.
//
// The hash is one of [Hasher], whatever Config.Hasher is. With another, or for an
// account as it was before a migration, set Hash and leave the password "".
func (k *Kit) Add(t testing.TB, a passwd.Account, password string) passwd.Ref {
	t.Helper()
	if k.Store == nil {
		t.Fatal("passwdtest: Add needs the memstore")
	}
	if a.Ref.ID == "" {
		k.mu.Lock()
		k.n++
		a.Ref.ID = strconv.Itoa(k.n)
		k.mu.Unlock()
	}
	if a.Address == nil {
		a.Address = addresses(a)
	}
	a.Active = !a.Disabled
	if password != "" {
		h, err := Hasher{}.Hash(context.Background(), password)
		if err != nil {
			t.Fatalf("passwdtest: %v", err)
		}
		a.Hash = h
	}
	k.Store.Set(a)
	return a.Ref
}

func addresses(a passwd.Account) []passwd.Address {
	var own []passwd.Address
	if a.Email != "" {
		own = append(own, passwd.Address{Channel: passwd.EmailChannel, Value: a.Email})
	}
	if a.Mobile != "" {
		own = append(own, passwd.Address{Channel: passwd.SMSChannel, Value: a.Mobile})
	}
	return own
}

// DeliverOne is Deliver when exactly one message is expected. It fails the test if
// there is none, or more than one.
func (k *Kit) DeliverOne(t testing.TB) passwd.Message {
	t.Helper()
	sent := k.Deliver(t)
	if len(sent) != 1 {
		t.Fatalf("passwdtest: %d messages were sent, want 1", len(sent))
	}
	return sent[0]
}

// Deliver does every job that is due and returns the messages that it sent, in order;
// none if Config.Notify is set. It fails the test if the queue or the store cannot be
// reached. A delivery that failed is tried again once the clock has moved.
func (k *Kit) Deliver(t testing.TB) []passwd.Message {
	t.Helper()
	before := len(k.Mail.All())
	if _, err := k.Service.Work(context.Background()); err != nil {
		t.Fatalf("passwdtest: Deliver: %v", err)
	}
	return k.Mail.All()[before:]
}

// Clock is a clock that moves only when told to. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at noon UTC, on the first of March 2026.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)}
}

// Now returns the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock, backwards if d is negative.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Mailbox is a Notifier that keeps what it is given. The zero Mailbox is empty
// and ready; it is safe for concurrent use.
type Mailbox struct {
	mu   sync.Mutex
	all  []passwd.Message
	fail error
}

// Notify keeps the message, or returns the error that Fail has set.
func (m *Mailbox) Notify(_ context.Context, msg passwd.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.all = append(m.all, msg)
	return nil
}

// Fail makes deliveries fail with err, until it is called with nil.
func (m *Mailbox) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// All returns the messages delivered so far, oldest first.
func (m *Mailbox) All() []passwd.Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]passwd.Message(nil), m.all...)
}

// Events is an Observer that keeps what it sees. The zero Events is empty and
// ready; it is safe for concurrent use.
type Events struct {
	mu  sync.Mutex
	all []passwd.Event
}

// Observe keeps the event.
func (o *Events) Observe(_ context.Context, e passwd.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, e)
}

// All returns the events so far, oldest first.
func (o *Events) All() []passwd.Event {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]passwd.Event(nil), o.all...)
}

// Named returns the events of one name, oldest first.
func (o *Events) Named(name passwd.EventName) []passwd.Event {
	var named []passwd.Event
	for _, e := range o.All() {
		if e.Name == name {
			named = append(named, e)
		}
	}
	return named
}

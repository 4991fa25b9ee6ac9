package model_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/explore/model"
	"github.com/passwd-go/passwd/pwpolicy"
	"github.com/passwd-go/passwd/session"
)

var ctx = context.Background()

// maxJobs is small, so that histories fill the queue.
const maxJobs = 25

// fail ends the history. Its text is the same however often the history is repeated, so
// that rapid can shrink it.
func (w *world) fail(what string) { w.t.Fatalf("%s: %s", w.step, what) }

// world is one history: the service, the model, and what clients and hosts hold.
type world struct {
	t        *rapid.T
	step     string
	straight bool // draws are the first choice
	fresh    int
	touched  []passwd.Ref
	focus    []passwd.Ref
	m        *model.Model
	host     host
	store    *watched
	forgets  bool
	latest   time.Time // that the clock has shown
	services [2]*passwd.Service
	managers [2]*session.Manager
	keys     int   // which of them is current
	down     error // of the mail
	hookDown error // of Config.AfterWrite
	hooked   []passwd.Written
	sent     map[string]passwd.Message // by id, the last try
	tried    map[string]passwd.Message // the first try

	signedIn []passwd.SignedIn
	devices  []passwd.Token
	raw      map[passwd.Purpose][]string
	codes    map[string]string // by request
	users    map[string]passwd.Ref
	known    []string // user keys
	access   []string
	refresh  []string
	ids      []string // of sessions
	issued   []string // temporary passwords
	epochs   map[int64]bool
	badEpoch bool
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newWorld(tb testing.TB, h host) *world {
	w := &world{host: h, latest: noon, sent: map[string]passwd.Message{}, tried: map[string]passwd.Message{},
		raw: map[passwd.Purpose][]string{}, users: map[string]passwd.Ref{}, codes: map[string]string{}, epochs: map[int64]bool{}}
	store, limiter, forgets := h.open(tb)
	now := func() time.Time { return w.m.Now }
	w.store, w.forgets = &watched{backend: store, queue: store, now: now}, forgets
	memory, _ := h.(*inMemory)
	apart := memory != nil && memory.apart
	use, queue := passwd.Store(w.store), passwd.Queue(nil)
	if apart {
		w.store.queue = &passwd.MemoryQueue{Max: maxJobs}
		use, queue = struct{ passwd.Store }{w.store}, w.store
	}
	w.m = &model.Model{Now: noon, Policies: policies, Limits: limits, MaxJobs: maxJobs, Apart: apart, Keys: "0",
		Accounts: map[passwd.Ref]*model.Account{}, Devices: map[passwd.Token]model.Device{}, Admit: admit, FirstEpoch: w.firstEpoch, ReadEpoch: w.readEpoch}
	secrets := [2][]byte{[]byte("the first key of this test, long"), []byte("the second key of the test, long")}
	for i := range 2 {
		keys := passwd.Keys{Current: secrets[i], Previous: [][]byte{secrets[1-i]}}
		var err, err2 error
		w.services[i], err = passwd.New(passwd.Config{
			Store: use, Queue: queue, Limiter: limiter, Keys: keys, Notify: passwd.NotifierFunc(w.notify), Hasher: hasher{}, Limits: limits, Now: now,
			Links: passwd.Links{Base: "https://app.example.com/account/password"},
			PolicyFor: func(_ context.Context, a passwd.Account) (pwpolicy.Policy, error) {
				return madePolicies[a.Ref.Tenant], nil
			},
			AfterWrite: func(_ context.Context, done passwd.Written) error {
				w.hooked = append(w.hooked, done)
				return w.hookDown
			},
			Admit: func(_ context.Context, a passwd.Account, _ passwd.Client) error {
				if admit(&model.Account{Username: a.Username}) != "" {
					return passwd.ErrSecondFactor
				}
				return nil
			},
		})
		w.managers[i], err2 = session.New(session.Config{Store: w.store, Keys: keys, MaxPerClient: model.MaxPerClient, Now: now})
		if err := errors.Join(err, err2); err != nil {
			tb.Fatal(err)
		}
	}
	return w
}

// admit asks some accounts for a second factor.
func admit(a *model.Account) string {
	if strings.HasSuffix(a.Username, "6") {
		return string(passwd.CodeSecondFactorRequired)
	}
	return ""
}

func (w *world) notify(_ context.Context, m passwd.Message) error {
	w.sent[m.ID] = m
	if _, again := w.tried[m.ID]; !again {
		w.tried[m.ID] = m
	}
	return w.down
}

// firstEpoch reads what the store has drawn: a number that nobody has had before.
func (w *world) firstEpoch(r passwd.Ref) int64 {
	a, err := w.store.Get(ctx, r)
	w.badEpoch = w.badEpoch || err != nil || a.Epoch < 1 || a.Epoch >= 1<<52 || w.epochs[a.Epoch]
	w.epochs[a.Epoch] = true
	return a.Epoch
}

// readEpoch reads the epoch of a hash that the host has written.
func (w *world) readEpoch(r passwd.Ref) int64 {
	a, err := w.store.Get(ctx, r)
	w.badEpoch = w.badEpoch || err != nil || a.Epoch < 1
	return a.Epoch
}

// absorbed drops the id of a request that the model takes for absorbed.
func (w *world) absorbed() {
	if n := len(w.m.Jobs); n == 0 || w.m.Jobs[n-1].ID != "" {
		w.store.put = nil
	}
}

// settle tells the model, after a call, what the store has done at its own discretion.
func (w *world) settle() {
	// An account gets its first epoch at the latest when it needs one.
	for _, r := range w.store.wrote {
		if a := w.m.Accounts[r]; a != nil && a.Row {
			w.m.Pin(a)
		}
	}
	w.store.wrote = nil
	w.nameJobs()
}

// nameJobs tells the model the ids of the jobs that a step has put, in their order.
func (w *world) nameJobs() {
	ids := w.store.put
	w.store.put = nil
	for _, j := range slices.Clone(w.m.Jobs) {
		if j.ID != "" {
			continue
		}
		if len(ids) == 0 {
			w.fail("a message is missing on the queue")
		}
		j.ID, ids = ids[0], ids[1:]
		if j.Absorbed || j.Hook && w.hookDown == nil {
			w.m.Done(j) // it went well at once, or waits already
		}
	}
	if len(ids) > 0 {
		w.fail("a message too many on the queue")
	}
}

// probe compares the state of an account.
func (w *world) probe(r passwd.Ref) {
	want := w.m.Accounts[r]
	got, err := w.store.Get(ctx, r)
	if want == nil || !want.Row {
		if !errors.Is(err, passwd.ErrNotFound) {
			w.fail("an account is there that should not be")
		}
		return
	}
	check := func(what string, same bool) {
		if !same {
			w.t.Logf("%s of %v: got %+v, want %+v", what, r, got, *want)
			w.fail("state: " + what)
		}
	}
	check("error", err == nil)
	check("first epoch", !w.badEpoch)
	check("epoch", got.Epoch == want.Epoch)
	check("must", got.Must == want.Must)
	check("must until", got.MustUntil.Equal(want.Until))
	check("changed at", got.ChangedAt.Equal(want.Changed))
	check("hash", hashes(got.Hash, want.Password) && (got.Hash == "" || want.Password == model.Unknowable ||
		want.Stale == strings.HasPrefix(string(got.Hash), earlierForm)))
	history, err := w.store.History(ctx, r, 24)
	check("history", err == nil && slices.EqualFunc(history, want.History, hashes))
	list, err := w.managers[w.keys].List(ctx, r)
	check("sessions", err == nil && slices.EqualFunc(list, w.m.List(r), func(got session.Session, want *model.Session) bool {
		return got.ID == want.ID && got.Account == want.Ref && got.Epoch == want.Epoch && got.Client == want.Client &&
			got.UsedAt.Equal(want.Used) && got.ExpiresAt.Equal(want.Expires)
	}))
}

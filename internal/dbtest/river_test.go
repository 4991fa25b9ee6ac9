package dbtest_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
)

// atOnce has River try what failed again without waiting.
type atOnce struct{}

func (atOnce) NextRetry(*rivertype.JobRow) time.Time { return time.Now() }

// riverHost is a host whose jobs are River's.
type riverHost struct {
	*pgxHost
	store  riverStore
	kit    *passwdtest.Kit
	events <-chan *river.Event

	mu     sync.Mutex
	failed int   // notifications that failed
	fails  error // what the notifier says
	ran    int   // AfterWrite
}

func newRiverHost(t *testing.T) *riverHost {
	t.Helper()
	u := usual
	u.Tenant, u.TenantType = "", 0
	h := &riverHost{pgxHost: newPgxHost(t, u, 8)}
	driver := riverpgxv5.New(h.pool)
	migrator, err := rivermigrate.New(driver, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrator.Migrate(t.Context(), rivermigrate.DirectionUp, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // the database is used again
		if _, err := h.pool.Exec(context.WithoutCancel(t.Context()), "DELETE FROM river_job"); err != nil {
			t.Error(err)
		}
		if _, err := migrator.Migrate(context.WithoutCancel(t.Context()), rivermigrate.DirectionDown, &rivermigrate.MigrateOpts{TargetVersion: -1}); err != nil {
			t.Error(err)
		}
	})

	worker, workers := &riverWorker{}, river.NewWorkers()
	river.AddWorker(workers, worker)
	client, err := river.NewClient(driver, &river.Config{
		Workers: workers, RetryPolicy: atOnce{}, RescueStuckJobsAfter: 2 * time.Minute,
		Queues: map[string]river.QueueConfig{"passwd": {MaxWorkers: 2}, "passwd_urgent": {MaxWorkers: 2}},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.store = newRiverStore(h.pool, h.pgxHost.store, client)
	mail := &passwdtest.Mailbox{}
	h.kit = passwdtest.New(t, passwd.Config{
		Store: h.store,
		Notify: passwd.NotifierFunc(func(ctx context.Context, m passwd.Message) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			if h.fails != nil {
				h.failed++
				return h.fails
			}
			return mail.Notify(ctx, m)
		}),
		AfterWrite: func(context.Context, passwd.Written) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.ran++
			return nil
		},
	})
	h.kit.Mail = mail
	h.kit.Clock.Advance(time.Since(h.kit.Clock.Now())) // River has no other clock than this
	worker.service = h.kit.Service
	events, cancel := client.Subscribe(river.EventKindJobCompleted, river.EventKindJobFailed)
	t.Cleanup(cancel)
	h.events = events
	t.Cleanup(func() { client.Stop(context.WithoutCancel(t.Context())) })
	return h
}

// start has River work. Until then it only keeps jobs.
func (h *riverHost) start() {
	h.t.Helper()
	if err := h.store.jobs.Start(context.WithoutCancel(h.t.Context())); err != nil {
		h.t.Fatal(err)
	}
}

// await waits for what becomes of one job.
func (h *riverHost) await() river.EventKind {
	h.t.Helper()
	select {
	case e := <-h.events:
		return e.Kind
	case <-time.After(testrun.Patience(h.t)):
		h.t.Fatal("River has done nothing")
		return ""
	}
}

// wants compares how many jobs River has in a state.
func (h *riverHost) wants(what, state string, n int) {
	h.t.Helper()
	var got int
	if err := h.pool.QueryRow(h.t.Context(), "SELECT count(*) FROM river_job WHERE state = $1", state).Scan(&got); err != nil {
		h.t.Fatal(err)
	}
	if got != n {
		h.t.Errorf("%s: %d jobs are %s, want %d", what, got, state, n)
	}
}

func (h *riverHost) failing(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fails = err
}

// A host's own job system, River, has the jobs of a write if the write is there, and hands
// each to the service until it is delivered, or too late.
func TestRiver(t *testing.T) {
	h := newRiverHost(t)
	svc := h.kit.Service
	a := passwd.Account{Ref: passwd.Ref{ID: "1"}, Username: "ada", Email: "ada@example.com", Hash: "$test$old", Active: true}
	a.Address = []passwd.Address{{Channel: passwd.EmailChannel, Value: a.Email}}
	if err := h.seed(t.Context(), h.db, a); err != nil {
		t.Fatal(err)
	}
	a = h.get(a.Ref)
	mail := func() int { return len(h.kit.Mail.All()) }

	// Nothing of a transaction that is rolled back, with its write or alone.
	undone := errors.New("undone")
	err := pgx.BeginFunc(t.Context(), h.pool, func(tx pgx.Tx) error {
		inside := svc.With(h.store.Within(tx))
		if err := inside.MarkCompromised(t.Context(), passwd.MarkCompromised{Account: a.Ref}); err != nil {
			return err
		}
		if err := inside.SendReset(t.Context(), a.Ref, passwd.EmailChannel, passwd.Client{}); err != nil {
			return err
		}
		return undone
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	h.wants("rolled back", "available", 0)
	if now := h.get(a.Ref); now.Must != "" || now.Epoch != a.Epoch {
		t.Error("the write is there")
	}
	// A write that is refused leaves no job, and a job that is refused no write.
	w := replacement(a, "$test$new")
	w.Jobs = []passwd.Job{{ID: "a", NotBefore: time.Now()}}
	w.IfHash = "another"
	if _, err := h.store.Apply(t.Context(), w); !errors.Is(err, passwd.ErrConflict) {
		t.Errorf("Apply: %v", err)
	}
	w.IfHash, w.Jobs[0].Key = a.Hash, "\x00" // no text of PostgreSQL's
	if _, err := h.store.Apply(t.Context(), w); err == nil || errors.Is(err, passwd.ErrOutcomeUnknown) {
		t.Errorf("Apply: %v", err)
	}
	h.wants("refused", "available", 0)
	if now := h.get(a.Ref); now.Hash != a.Hash {
		t.Error("the hash has changed")
	}

	// Five requests for one login are one job, of two they are two.
	for range 5 {
		if err := svc.RequestReset(t.Context(), passwd.RequestReset{Login: passwd.Login{Value: a.Email}}); err != nil {
			t.Fatal(err)
		}
	}
	h.wants("asked for five times", "available", 1)
	if err := svc.RequestReset(t.Context(), passwd.RequestReset{Login: passwd.Login{Value: "nobody@example.com"}}); err != nil {
		t.Fatal(err)
	}
	h.wants("asked for by another", "available", 2)

	// Run delivers nothing of it: it has other work.
	if n, err := svc.Work(t.Context()); n != 0 || err != nil {
		t.Errorf("Work: %d, %v", n, err)
	}

	// A notifier that fails: River tries again, with what the service says.
	h.failing(errors.New("the gateway is down"))
	h.start()
	for failures := 0; failures < 2; {
		if h.await() == river.EventKindJobFailed {
			failures++
		}
	}
	if len(h.kit.Events.Named(passwd.EventNotificationFailed)) < 2 {
		t.Error("a failure is not an event")
	}
	h.failing(nil)
	for h.await() != river.EventKindJobCompleted || mail() == 0 {
	}
	link := h.kit.Mail.All()[0]
	if mail() != 1 || link.Kind != passwd.MessageResetLink {
		t.Fatalf("messages: %v", h.kit.Mail.All())
	}

	// The jobs of a committed write: the notice. AfterWrite went well, so that its own,
	// which would be due a minute later, is not needed.
	_, err = svc.Reset(t.Context(), passwd.Reset{Token: link.Token, New: "mantine gearwheel 1843"})
	if err != nil {
		t.Fatal(err)
	}
	for h.await() != river.EventKindJobCompleted || mail() < 2 {
	}
	if got := h.kit.Mail.All()[1].Kind; got != passwd.MessagePasswordReset {
		t.Errorf("a notice %s", got)
	}
	h.wants("AfterWrite went well", "cancelled", 1)
	h.wants("nothing waits", "scheduled", 0)
	h.mu.Lock()
	if h.ran != 1 {
		t.Errorf("AfterWrite was called %d times", h.ran)
	}
	h.mu.Unlock()

	// What is past its end is dropped, and done with.
	if err := svc.RequestReset(t.Context(), passwd.RequestReset{Login: passwd.Login{Value: a.Email}}); err != nil {
		t.Fatal(err)
	}
	h.await()
	h.failing(errors.New("the gateway is down"))
	if err := svc.RequestReset(t.Context(), passwd.RequestReset{Login: passwd.Login{Value: a.Username}}); err != nil {
		t.Fatal(err)
	}
	for h.await() != river.EventKindJobFailed {
	}
	before := mail()
	h.kit.Clock.Advance(73 * time.Hour)
	for h.await() != river.EventKindJobCompleted {
	}
	dropped := h.kit.Events.Named(passwd.EventNotificationDropped)
	if len(dropped) == 0 || dropped[len(dropped)-1].Reason != "expired" || mail() != before {
		t.Errorf("dropped: %v", dropped)
	}
	h.wants("at the end", "discarded", 0)
}

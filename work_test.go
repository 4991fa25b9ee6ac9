package passwd_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdtest"
)

func TestAForgottenRunIsFound(t *testing.T) {
	for name, store := range map[string]passwd.Store{"memstore": memstore.New(), "queue of its own": storeOnly{memstore.New()}} {
		cfg := goodConfig()
		cfg.Store = store
		svc, err := passwd.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := svc.RequestReset(ctx, passwd.RequestReset{Login: login("ada")}); !errors.Is(err, passwd.ErrNotRunning) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := svc.Work(ctx); err != nil {
			t.Fatal(err)
		}
		if err := svc.RequestReset(ctx, passwd.RequestReset{Login: login("ada")}); err != nil {
			t.Errorf("%s, with a worker: %v", name, err)
		}
	}
}

// storeOnly hides that a memstore is a queue.
type storeOnly struct{ passwd.Store }

func TestNoticesWithAQueueApart(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{Store: storeOnly{memstore.New(func() passwd.Account {
		a := ada()
		a.Ref.ID, a.Active = "1", true
		a.Hash, _ = passwdtest.Hasher{}.Hash(ctx, adaPassword)
		a.Address = []passwd.Address{{Channel: passwd.EmailChannel, Value: a.Email}}
		return a
	}())}})
	if _, err := kit.Service.Change(ctx, passwd.Change{Account: passwd.Ref{ID: "1"}, Current: adaPassword, New: newPassword}); err != nil {
		t.Fatal(err)
	}
	if sent := kit.Deliver(t); len(sent) != 1 || sent[0].Kind != passwd.MessagePasswordChanged {
		t.Errorf("notices %+v", sent)
	}
}

func TestFailedDeliveryIsTriedAgainWithTheSameToken(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), adaPassword)
	kit.Mail.Fail(errors.New("mail server is down"))
	if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), Client: home}); err != nil {
		t.Fatal(err) // I6: a mail failure is not the requester's business
	}
	for range 6 { // more often than the quota of live links allows
		if sent := kit.Deliver(t); len(sent) != 0 {
			t.Fatal("delivered by a server that is down")
		}
		kit.Clock.Advance(time.Minute)
	}
	if n := len(kit.Events.Named(passwd.EventNotificationFailed)); n < 5 {
		t.Errorf("%d failures observed", n)
	}
	kit.Mail.Fail(nil)
	kit.Clock.Advance(10 * time.Minute)
	sent := kit.Deliver(t)
	if len(sent) != 1 {
		t.Fatalf("%d messages", len(sent))
	}
	if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: sent[0].Token, New: newPassword}); err != nil {
		t.Error(err)
	}
}

// A link or code that was tried at one address is dead at another, and is not sent there.
func TestATriedMessageIsNotSentToAnotherAddress(t *testing.T) {
	for name, ask := range map[string]func(*passwdtest.Kit) error{
		"link": func(kit *passwdtest.Kit) error {
			return kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), Client: home})
		},
		"code": func(kit *passwdtest.Kit) error {
			_, err := kit.Service.RequestCode(ctx, passwd.RequestCode{Login: login("ada"), Client: home})
			return err
		},
	} {
		for _, next := range []passwd.Address{
			{Channel: passwd.EmailChannel, Value: "ada@new.example"}, {Channel: passwd.SMSChannel, Value: "+4915550"},
		} {
			t.Run(name+" to "+string(next.Channel), func(t *testing.T) {
				kit := passwdtest.New(t, passwd.Config{})
				ref := kit.Add(t, ada(), adaPassword)
				kit.Mail.Fail(errors.New("mail server is down"))
				if err := ask(kit); err != nil {
					t.Fatal(err)
				}
				kit.Deliver(t)
				kit.Mail.Fail(nil)
				kit.Store.Update(ref, func(a *passwd.Account) { a.Address = []passwd.Address{next} })
				kit.Clock.Advance(5 * time.Minute)
				for _, m := range kit.Deliver(t) {
					t.Errorf("%s to %s, which opens nothing", m.Kind, m.To)
				}
				if n := len(kit.Events.Named(passwd.EventNotificationDropped)); n != 1 {
					t.Errorf("%d drops observed", n)
				}
			})
		}
	}
}

func TestUndeliverableIsDroppedWithAnEvent(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), adaPassword)
	kit.Mail.Fail(errors.New("mail server is down"))
	if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), Client: home}); err != nil {
		t.Fatal(err)
	}
	for range 30 {
		kit.Deliver(t)
		kit.Clock.Advance(5 * time.Minute)
	}
	kit.Mail.Fail(nil)
	if sent := kit.Deliver(t); len(sent) != 0 {
		t.Errorf("delivered a dead token: %+v", sent)
	}
	if n := len(kit.Events.Named(passwd.EventNotificationDropped)); n != 1 {
		t.Errorf("%d drops observed", n)
	}
}

// A mailbox that does not exist is not asked for again and again.
func TestNoSuchMailboxIsNotTriedAgain(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), adaPassword)
	kit.Mail.Fail(fmt.Errorf("the server said 550: %w", passwd.ErrUndeliverable))
	if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), Client: home}); err != nil {
		t.Fatal(err)
	}
	kit.Deliver(t)
	kit.Mail.Fail(nil)
	kit.Clock.Advance(10 * time.Minute)
	if sent := kit.Deliver(t); len(sent) != 0 {
		t.Errorf("%d messages after the mailbox was said not to exist", len(sent))
	}
	drops := kit.Events.Named(passwd.EventNotificationDropped)
	if len(drops) != 1 || drops[0].Reason != "undeliverable" || drops[0].Kind != passwd.MessageResetLink {
		t.Errorf("observed %+v, want one drop as undeliverable", drops)
	}
}

func TestJobsAreSealed(t *testing.T) { // I7, T2
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), adaPassword)
	if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("Ada@example.com"), Client: home}); err != nil {
		t.Fatal(err)
	}
	jobs, err := kit.Store.Claim(ctx, 10, time.Minute, kit.Clock.Now())
	if err != nil || len(jobs) != 1 {
		t.Fatalf("%d jobs, %v", len(jobs), err)
	}
	at := jobs[0].ID + jobs[0].Key + string(jobs[0].Sealed)
	for _, secret := range []string{"ada@example", "example.com", "192.0.2"} {
		if strings.Contains(strings.ToLower(at), secret) {
			t.Errorf("the job shows %q", secret)
		}
	}
	// Content moved to another job's id does not open.
	moved := jobs[0]
	moved.ID = "0191d0c0-0000-7000-8000-000000000000"
	if err := kit.Store.Put(ctx, moved); err != nil {
		t.Fatal(err)
	}
	if sent := kit.Deliver(t); len(sent) != 0 {
		t.Errorf("delivered %+v", sent)
	}
}

func TestAfterWrite(t *testing.T) {
	var calls []passwd.Written
	var fail error
	kit := passwdtest.New(t, passwd.Config{AfterWrite: func(_ context.Context, w passwd.Written) error {
		calls = append(calls, w)
		return fail
	}})
	ref := kit.Add(t, ada(), adaPassword)
	w, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: adaPassword, New: newPassword})
	if err != nil || len(calls) != 1 || calls[0].Account != w.Account {
		t.Fatalf("%v, %+v", err, calls)
	}
	kit.Clock.Advance(time.Hour)
	kit.Deliver(t)
	if len(calls) != 1 {
		t.Errorf("called again after success")
	}

	fail = errors.New("the session server is down")
	if _, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: newPassword, New: adaPassword}); err != nil {
		t.Fatal(err) // the password is changed, whatever the host makes of it
	}
	kit.Clock.Advance(time.Hour)
	kit.Deliver(t)
	fail = nil
	kit.Clock.Advance(time.Hour)
	kit.Deliver(t)
	kit.Clock.Advance(time.Hour)
	kit.Deliver(t)
	if len(calls) != 4 {
		t.Errorf("%d calls, want 1 + 3", len(calls))
	}
}

// A write is told of until it has been heard, whatever the hook's error is made of.
func TestAfterWriteIsNotDropped(t *testing.T) {
	heard := 0
	kit := passwdtest.New(t, passwd.Config{AfterWrite: func(context.Context, passwd.Written) error {
		if heard++; heard <= 2 {
			return fmt.Errorf("telling the owner's old address: %w", passwd.ErrUndeliverable)
		}
		return nil
	}})
	ref := kit.Add(t, ada(), adaPassword)
	if _, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: adaPassword, New: newPassword, Client: home}); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		kit.Deliver(t)
		kit.Clock.Advance(time.Hour)
	}
	for _, e := range kit.Events.All() { // it is no notification
		if e.Err != nil && e.Name != passwd.EventAfterWriteFailed || e.Name == passwd.EventNotificationDropped {
			t.Errorf("observed %s: %v", e.Name, e.Err)
		}
	}
	if n := len(kit.Events.Named(passwd.EventAfterWriteFailed)); n != 2 {
		t.Errorf("%d failures observed, want 2", n)
	}
	if n := len(kit.Events.Named(passwd.EventNotificationSent)); n != 2 {
		t.Errorf("%d messages observed, want the notice to both addresses", n)
	}
	if heard != 3 {
		t.Errorf("called %d times, want until it is heard, the third time", heard)
	}
}

func TestRunDeliversAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kit := passwdtest.New(t, passwd.Config{Now: time.Now})
		kit.Add(t, ada(), adaPassword)
		running, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- kit.Service.Run(running) }()
		synctest.Wait()
		if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), Client: home}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := len(kit.Mail.All()); n != 0 {
			t.Errorf("%d messages before the request could be answered", n) // I6
		}
		time.Sleep(100 * time.Millisecond) // of the bubble's clock
		synctest.Wait()
		if n := len(kit.Mail.All()); n != 1 {
			t.Errorf("%d messages, want 1", n)
		}
		time.Sleep(2 * time.Hour) // purges and polls
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func TestTheJobInHandIsFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		begun := make(chan struct{})
		kit := passwdtest.New(t, passwd.Config{Now: time.Now, Notify: passwd.NotifierFunc(func(ctx context.Context, _ passwd.Message) error {
			close(begun)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Second):
				sent.Add(1)
				return nil
			}
		})})
		kit.Add(t, ada(), adaPassword)
		running, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- kit.Service.Run(running) }()
		synctest.Wait()
		if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), Client: home}); err != nil {
			t.Fatal(err)
		}
		<-begun
		stop()
		if err := <-ended; err != nil || sent.Load() != 1 {
			t.Errorf("Run: %v, %d sent", err, sent.Load())
		}
	})
}

func TestASlowNotifierIsCutOffBeforeTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kit := passwdtest.New(t, passwd.Config{Now: time.Now, JobLease: 8 * time.Second, Notify: passwd.NotifierFunc(func(ctx context.Context, _ passwd.Message) error {
			<-ctx.Done()
			return ctx.Err()
		})})
		kit.Add(t, ada(), adaPassword)
		if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), Client: home}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if n, err := kit.Service.Work(ctx); n != 1 || err != nil {
			t.Errorf("%d jobs, %v", n, err)
		}
		if took := time.Since(began); took != 6*time.Second {
			t.Errorf("cut off after %v, want three quarters of the lease", took)
		}
	})
}

// handedOver is a host's own job system: it keeps jobs, and gives the service none.
type handedOver struct {
	passwd.Store
	jobs *[]passwd.Job
}

func (h handedOver) Put(_ context.Context, j passwd.Job) error {
	*h.jobs = append(*h.jobs, j)
	return nil
}
func (handedOver) Claim(context.Context, int, time.Duration, time.Time) ([]passwd.Job, error) {
	return nil, nil
}
func (handedOver) ClaimUrgent(context.Context, int, time.Duration, time.Time) ([]passwd.Job, error) {
	return nil, nil
}
func (handedOver) Done(context.Context, string) error             { return errors.New("unreachable") }
func (handedOver) Retry(context.Context, string, time.Time) error { return errors.New("unreachable") }

func TestDeliver(t *testing.T) {
	down := errors.New("mail server is down")
	tests := map[string]struct {
		edit  func(*passwdtest.Kit, *passwd.Job)
		event passwd.EventName
		want  error
	}{
		"delivered":     {func(*passwdtest.Kit, *passwd.Job) {}, passwd.EventNotificationSent, nil},
		"failed":        {func(k *passwdtest.Kit, _ *passwd.Job) { k.Mail.Fail(down) }, passwd.EventNotificationFailed, down},
		"undeliverable": {func(k *passwdtest.Kit, _ *passwd.Job) { k.Mail.Fail(passwd.ErrUndeliverable) }, passwd.EventNotificationDropped, nil},
		"too late":      {func(k *passwdtest.Kit, j *passwd.Job) { k.Clock.Advance(j.NotAfter.Sub(k.Clock.Now())) }, passwd.EventNotificationDropped, nil},
		"failed last": {func(k *passwdtest.Kit, j *passwd.Job) {
			k.Mail.Fail(down)
			k.Clock.Advance(j.NotAfter.Sub(k.Clock.Now()) - time.Millisecond)
		}, passwd.EventNotificationDropped, nil},
		"unreadable, too late": {func(k *passwdtest.Kit, j *passwd.Job) {
			j.Sealed = []byte("nothing of the service's")
			k.Clock.Advance(j.NotAfter.Sub(k.Clock.Now()))
		}, passwd.EventNotificationDropped, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := ada()
			a.Ref.ID, a.Active = "1", true
			a.Address = []passwd.Address{{Channel: passwd.EmailChannel, Value: a.Email}}
			var jobs []passwd.Job
			kit := passwdtest.New(t, passwd.Config{Store: handedOver{memstore.New(a), &jobs}})
			if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada")}); err != nil || len(jobs) != 1 {
				t.Fatalf("%d jobs, %v", len(jobs), err)
			}
			if n, err := kit.Service.Work(ctx); n != 0 || err != nil {
				t.Errorf("Work: %d, %v", n, err)
			}
			j := jobs[0]
			j.Attempts = 1
			tt.edit(kit, &j)
			wantErr(t, kit.Service.InTenant("another").Deliver(ctx, j), tt.want) // a job may be of any tenant
			if len(kit.Events.Named(tt.event)) != 1 {
				t.Errorf("no %s in %v", tt.event, kit.Events)
			}
			if sent := len(kit.Mail.All()); (sent == 1) != (tt.event == passwd.EventNotificationSent) {
				t.Errorf("%d messages", sent)
			}
			if tt.want != nil { // and again, with the same message
				kit.Mail.Fail(nil)
				j.Attempts++
				wantErr(t, kit.Service.Deliver(ctx, j), nil)
				if sent := kit.Mail.All(); len(sent) != 1 || sent[0].ID != j.ID {
					t.Errorf("messages: %v", sent)
				}
			}
		})
	}
}

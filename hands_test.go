package passwd_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdtest"
)

// post is a notifier that notes when each message was accepted, and how many were at
// it at once.
type post struct {
	takes func(ctx context.Context, m passwd.Message) error // if nil, no time

	mu        sync.Mutex
	at        map[string]time.Time // by address, of the first that was accepted
	tries     map[string]int       // by the id of the message
	now, most int
}

func (p *post) Notify(ctx context.Context, m passwd.Message) error {
	p.mu.Lock()
	if p.at == nil {
		p.at, p.tries = map[string]time.Time{}, map[string]int{}
	}
	p.tries[m.ID]++
	p.now++
	p.most = max(p.most, p.now)
	p.mu.Unlock()
	var err error
	if p.takes != nil {
		err = p.takes(ctx, m)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now--
	if _, known := p.at[m.To]; err == nil && !known {
		p.at[m.To] = time.Now()
	}
	return err
}

// accepted tells when the first message to an address was accepted; it fails the test
// if none was.
func (p *post) accepted(t *testing.T, to string) time.Time {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.at[to]
	if !ok {
		t.Errorf("no message was accepted for %s", to)
	}
	return at
}

func (p *post) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.at)
}

// hang takes no message, and needs all the time there is for that.
func hang(ctx context.Context, _ passwd.Message) error {
	<-ctx.Done()
	return ctx.Err()
}

// crew is a service with people person0, person1, … that runs in a bubble.
func crew(t *testing.T, people int, cfg passwd.Config) (kit *passwdtest.Kit, stop func()) {
	t.Helper()
	cfg.Now, cfg.Limits.ResetRequests = time.Now, passwd.Limit{Free: 1 << 20, Window: time.Hour}
	kit = passwdtest.New(t, cfg)
	for i := range people {
		kit.Add(t, passwd.Account{Username: person(i), Email: person(i) + "@example.com", Mobile: fmt.Sprint("+1202555", 1000+i)}, adaPassword)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- kit.Service.Run(ctx) }()
	synctest.Wait()
	return kit, func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

func person(i int) string { return fmt.Sprint("person", i) }

// ask asks for a code or link for a person and returns when.
func ask(t *testing.T, kit *passwdtest.Kit, i int, ch passwd.Channel) time.Time {
	t.Helper()
	if ch == passwd.SMSChannel {
		if _, err := kit.Service.RequestCode(t.Context(), passwd.RequestCode{Login: login(person(i)), Channel: ch}); err != nil {
			t.Fatal(err)
		}
	} else if err := kit.Service.RequestReset(t.Context(), passwd.RequestReset{Login: login(person(i)), Channel: ch}); err != nil {
		t.Fatal(err)
	}
	return time.Now()
}

// What hangs in one channel delays nothing in the other by more than a second, whenever
// that is asked for, and is not given up before its time.
func TestHangingMessagesDelayNoOther(t *testing.T) {
	for _, hands := range []int{2, 3, 0, 8} {
		for _, after := range []time.Duration{0, 100 * time.Millisecond, time.Second, 46 * time.Second, 5 * time.Minute} {
			t.Run(fmt.Sprint(hands, "/", after), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					mails := &post{}
					mails.takes = func(ctx context.Context, m passwd.Message) error {
						if m.Channel == passwd.SMSChannel {
							return hang(ctx, m)
						}
						return nil
					}
					kit, stop := crew(t, 11, passwd.Config{Deliveries: hands, Notify: mails})
					for i := range 10 {
						ask(t, kit, i, passwd.SMSChannel)
					}
					time.Sleep(after)
					asked := ask(t, kit, 10, passwd.EmailChannel)
					time.Sleep(2 * time.Minute)
					if took := mails.accepted(t, person(10)+"@example.com").Sub(asked); took > time.Second {
						t.Errorf("the link came after %v", took)
					}
					time.Sleep(7 * time.Minute)
					mails.mu.Lock()
					tried := len(mails.tries) - 1
					mails.mu.Unlock()
					if tried != 10 && hands != 2 && hands != 3 { // which have little room for what hangs
						t.Errorf("%d of 10 codes were tried", tried)
					}
					stop()
				})
			})
		}
	}
}

// Messages that failed before, a thousand of them, are tried again behind what is asked
// for now, whether they fail at once, hang, or are accepted by and by.
func TestRetriesDelayNoOther(t *testing.T) {
	for name, again := range map[string]func(context.Context, passwd.Message) error{
		"fail": func(context.Context, passwd.Message) error { return errors.New("mailbox is full") },
		"hang": hang,
		"slow": func(ctx context.Context, _ passwd.Message) error {
			time.Sleep(100 * time.Millisecond)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const people = 1000
				down, last := true, person(people)+"@example.com"
				mails := &post{}
				mails.takes = func(ctx context.Context, m passwd.Message) error {
					switch {
					case m.To == last:
						return nil
					case down:
						return errors.New("mail server is down")
					}
					return again(ctx, m)
				}
				kit, stop := crew(t, people+1, passwd.Config{Notify: mails})
				for i := range people {
					ask(t, kit, i, passwd.EmailChannel)
				}
				time.Sleep(10 * time.Second)
				synctest.Wait()
				down = false
				for _, after := range []time.Duration{0, 30 * time.Second} {
					time.Sleep(after)
					mails.mu.Lock()
					delete(mails.at, last)
					mails.mu.Unlock()
					asked := ask(t, kit, people, passwd.EmailChannel)
					time.Sleep(10 * time.Second)
					if took := mails.accepted(t, last).Sub(asked); took > time.Second {
						t.Errorf("the link came after %v", took)
					}
				}
				if name == "slow" {
					time.Sleep(20 * time.Minute)
					if n := mails.count(); n != people+1 {
						t.Errorf("%d of %d messages were accepted", n, people+1)
					}
				}
				stop()
			})
		})
	}
}

// M1: a flood of codes keeps no notice waiting for longer than what was there before
// it, and a flood of notices keeps no code.
func TestAFloodStarvesNoOther(t *testing.T) {
	const each = 100 * time.Millisecond // what a delivery takes
	slow := func(context.Context, passwd.Message) error {
		time.Sleep(each)
		return nil
	}
	const flood = 300
	t.Run("codes", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			mails := &post{takes: slow}
			kit, stop := crew(t, 1, passwd.Config{Notify: mails})
			ref := kit.Add(t, passwd.Account{Username: "grace", Email: "grace@example.com"}, adaPassword)
			flooding, end := context.WithCancel(t.Context())
			var flooded sync.WaitGroup
			flooded.Go(func() { // twice as many as all hands deliver
				for i := 0; flooding.Err() == nil; i++ {
					kit.Add(t, passwd.Account{Username: fmt.Sprint("flood", i), Email: fmt.Sprint("flood", i, "@example.com")}, "")
					if _, err := kit.Service.RequestCode(ctx, passwd.RequestCode{Login: login(fmt.Sprint("flood", i))}); err != nil {
						t.Error(err)
					}
					time.Sleep(each / 8)
				}
			})
			time.Sleep(2 * time.Second)
			if _, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: adaPassword, New: newPassword}); err != nil {
				t.Fatal(err)
			}
			changed := time.Now()
			time.Sleep(20 * time.Second)
			if took := mails.accepted(t, "grace@example.com").Sub(changed); took > 5*time.Second {
				t.Errorf("the notice came after %v", took)
			}
			end()
			flooded.Wait()
			stop()
		})
	})
	t.Run("notices", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			mails := &post{takes: slow}
			kit, stop := crew(t, 1, passwd.Config{Notify: mails})
			for i := range flood {
				ref := kit.Add(t, passwd.Account{Username: fmt.Sprint("flood", i), Email: fmt.Sprint("flood", i, "@example.com")}, adaPassword)
				if _, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: adaPassword, New: newPassword}); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Second)
			asked := ask(t, kit, 0, passwd.EmailChannel)
			time.Sleep(5 * time.Second)
			if took := mails.accepted(t, person(0)+"@example.com").Sub(asked); took > 3*each {
				t.Errorf("the link came after %v", took)
			}
			if n := mails.count(); n > flood {
				t.Errorf("all %d messages are out: there was no flood", n)
			}
			time.Sleep(time.Minute)
			if n := mails.count(); n != flood+1 {
				t.Errorf("%d of %d messages were accepted", n, flood+1)
			}
			stop()
		})
	})
}

// Notify is called concurrently, by as many hands as were asked for and no more; at the
// end of Run all of them finish what they have in hand, and nothing else is begun.
func TestHands(t *testing.T) {
	for _, test := range []struct{ deliveries, want int }{{0, 4}, {1, 1}, {2, 2}, {6, 6}} {
		t.Run(fmt.Sprint(test.deliveries), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mails := &post{takes: func(context.Context, passwd.Message) error {
					time.Sleep(10 * time.Second)
					return nil
				}}
				kit, stop := crew(t, 20, passwd.Config{Deliveries: test.deliveries, Notify: mails})
				for i := range 20 {
					ask(t, kit, i, []passwd.Channel{passwd.EmailChannel, passwd.SMSChannel}[i%2])
				}
				time.Sleep(2 * time.Second)
				began := time.Now()
				stop()
				if took := time.Since(began); took < 7*time.Second || took > 9*time.Second {
					t.Errorf("Run ended after %v, want when the jobs in hand are done", took)
				}
				if n := mails.count(); n != test.want || mails.most != test.want {
					t.Errorf("%d messages were accepted, %d at once, want %d", n, mails.most, test.want)
				}
				time.Sleep(time.Minute)
				if n := mails.count(); n != test.want {
					t.Errorf("after the end of Run %d messages were accepted", n)
				}
			})
		})
	}
}

// A process that dies with all hands at work leaves as many messages that are sent a
// second time as it has hands, and no more; they have the same id. None is lost.
func TestAKillSendsAsManyTwiceAsThereAreHands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const people, hands = 40, 3
		mails := &post{takes: func(context.Context, passwd.Message) error {
			time.Sleep(100 * time.Millisecond)
			return nil
		}}
		store, keys := memstore.New(), passwd.RandomKeys()
		queue := &mortal{Queue: store}
		kit, stop := crew(t, people, passwd.Config{Deliveries: hands, Keys: keys, Notify: mails, Store: store, Queue: queue})
		for i := range people {
			ask(t, kit, i, passwd.AnyChannel)
		}
		time.Sleep(450 * time.Millisecond)
		queue.dead.Store(true)
		stop()
		before := mails.count()
		if before < hands || before > people/2 {
			t.Fatalf("%d messages before the kill", before)
		}

		_, stop = crew(t, 0, passwd.Config{Keys: keys, Notify: mails, Store: store})
		time.Sleep(2 * time.Minute) // a lease, and more
		stop()
		twice := 0
		for _, n := range mails.tries {
			if n > 2 {
				t.Errorf("a message was sent %d times", n)
			}
			twice += n - 1
		}
		if twice == 0 || twice > hands {
			t.Errorf("%d messages were sent a second time, want at most %d", twice, hands)
		}
		if n := mails.count(); n != people || len(mails.tries) != people {
			t.Errorf("%d of %d people got %d messages", n, people, len(mails.tries))
		}
	})
}

// mortal is a queue as a process has it that may be killed: nothing that it says from
// then on is heard.
type mortal struct {
	passwd.Queue
	dead atomic.Bool
}

var errDead = errors.New("killed")

func (m *mortal) Claim(ctx context.Context, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
	if m.dead.Load() {
		return nil, errDead
	}
	return m.Queue.Claim(ctx, n, lease, now)
}

func (m *mortal) ClaimUrgent(ctx context.Context, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
	if m.dead.Load() {
		return nil, errDead
	}
	return m.Queue.ClaimUrgent(ctx, n, lease, now)
}

func (m *mortal) Done(ctx context.Context, id string) error {
	if m.dead.Load() {
		return errDead
	}
	return m.Queue.Done(ctx, id)
}

func (m *mortal) Retry(ctx context.Context, id string, at time.Time) error {
	if m.dead.Load() {
		return errDead
	}
	return m.Queue.Retry(ctx, id, at)
}

// A link that is asked for in the process is on its way within 25 ms, and not before
// the request could be answered (I6), however busy the hands were; one that another
// process has put within a second.
func TestTimeToDeliver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mails := &post{}
		store, keys := memstore.New(), passwd.RandomKeys()
		kit, stop := crew(t, 200, passwd.Config{Keys: keys, Notify: mails, Store: store})
		other := passwdtest.New(t, passwd.Config{Keys: keys, Notify: mails, Store: store, Now: time.Now})
		for i := range 100 {
			asked := ask(t, kit, i, passwd.EmailChannel)
			time.Sleep(time.Duration(i%30) * time.Millisecond)
			next := ask(t, kit, 100+i, passwd.EmailChannel) // perhaps while a hand is awake
			time.Sleep(30 * time.Millisecond)
			for who, asked := range map[int]time.Time{i: asked, 100 + i: next} {
				if took := mails.accepted(t, person(who)+"@example.com").Sub(asked); took < 5*time.Millisecond || took > 25*time.Millisecond {
					t.Errorf("a link came after %v", took)
				}
			}
		}
		kit.Add(t, ada(), adaPassword)
		if err := other.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada")}); err != nil {
			t.Fatal(err)
		}
		asked := time.Now()
		time.Sleep(2 * time.Second)
		if took := mails.accepted(t, "Ada@example.com").Sub(asked); took > time.Second+25*time.Millisecond {
			t.Errorf("a link of another process came after %v", took)
		}
		stop()
	})
}

// syncing is a queue of which every claim takes as long as that of a database that syncs.
type syncing struct{ passwd.Queue }

func (s syncing) ClaimUrgent(ctx context.Context, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
	time.Sleep(5 * time.Millisecond)
	return s.Queue.ClaimUrgent(ctx, n, lease, now)
}

// A job is claimed while its request is answered: what that takes comes not on top.
func TestClaimingDelaysNoLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mails, store := &post{}, memstore.New()
		kit, stop := crew(t, 50, passwd.Config{Notify: mails, Store: store, Queue: syncing{store}})
		for i := range 50 {
			time.Sleep(time.Second) // no hand is awake
			asked := ask(t, kit, i, passwd.EmailChannel)
			time.Sleep(30 * time.Millisecond)
			if took := mails.accepted(t, person(i)+"@example.com").Sub(asked); took < 5*time.Millisecond || took > 10*time.Millisecond {
				t.Errorf("a link came after %v", took)
			}
		}
		stop()
	})
}

package passwd_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/session/jwt"
)

const liveBound = 2 * time.Second

// lookedAt is a memstore that counts the accounts read by name, and holds the answer
// back as long as hold says.
type lookedAt struct {
	*memstore.Store
	reads atomic.Int64
	hold  func() error // nil is none
}

func (s *lookedAt) Get(ctx context.Context, r passwd.Ref) (passwd.Account, error) {
	s.reads.Add(1)
	a, err := s.Store.Get(ctx, r)
	if s.hold != nil {
		if err := s.hold(); err != nil {
			return passwd.Account{}, err
		}
	}
	return a, err
}

// replica is one of two processes on one database: what it reads is counted.
type replica struct {
	*passwdtest.Kit
	store *lookedAt
}

func (r replica) want(t *testing.T, what string, ref passwd.Ref, epoch int64, must passwd.Reason, want error, reads int64) {
	t.Helper()
	before := r.store.reads.Load()
	got, err := r.Service.Live(ctx, ref, epoch)
	if got != must || !errors.Is(err, want) {
		t.Errorf("%s: %q, error %v; want %q, %v", what, got, err, must, want)
	}
	if n := r.store.reads.Load() - before; n != reads {
		t.Errorf("%s: %d reads of the store, want %d", what, n, reads)
	}
}

// replicas are two processes with the cache on one database, on one clock.
func replicas(t *testing.T) (a, b replica, clock *passwdtest.Clock) {
	t.Helper()
	memory, keys := memstore.New(), passwd.RandomKeys()
	clock = passwdtest.NewClock()
	one := func() replica {
		s := &lookedAt{Store: memory}
		kit := passwdtest.New(t, passwd.Config{Store: s, Keys: keys, Now: clock.Now, InsecureLiveCache: liveBound})
		kit.Store = memory
		return replica{kit, s}
	}
	return one(), one(), clock
}

// What one replica ends, the other takes for live no longer than the bound (I5).
func TestLiveCacheIsBounded(t *testing.T) {
	for name, end := range map[string]func(*passwd.Service, passwd.Ref) error{
		"revoke": func(s *passwd.Service, r passwd.Ref) error {
			_, err := s.Revoke(ctx, passwd.Revoke{Account: r, Client: home})
			return err
		},
		"change": func(s *passwd.Service, r passwd.Ref) error {
			_, err := s.Change(ctx, passwd.Change{Account: r, Current: adaPassword, New: newPassword, Client: home})
			return err
		},
		"compromised": func(s *passwd.Service, r passwd.Ref) error {
			return s.MarkCompromised(ctx, passwd.MarkCompromised{Account: r, Client: home})
		},
		"forget": func(s *passwd.Service, r passwd.Ref) error { return s.Forget(ctx, r) },
	} {
		t.Run(name, func(t *testing.T) {
			a, b, clock := replicas(t)
			ref := a.Add(t, ada(), adaPassword)
			in := mustSignIn(t, a.Kit, "ada", adaPassword)
			a.want(t, "first here", ref, in.Epoch, "", nil, 1)
			a.want(t, "again here", ref, in.Epoch, "", nil, 0)
			b.want(t, "first there", ref, in.Epoch, "", nil, 1)
			if err := end(a.Service, ref); err != nil {
				t.Fatal(err)
			}
			a.want(t, "where it was ended", ref, in.Epoch, "", passwd.ErrEnded, 1)
			a.want(t, "and again", ref, in.Epoch, "", passwd.ErrEnded, 1)
			clock.Advance(liveBound - time.Microsecond)
			b.want(t, "there, within the bound", ref, in.Epoch, "", nil, 0)
			clock.Advance(time.Microsecond)
			b.want(t, "there, at the bound", ref, in.Epoch, "", passwd.ErrEnded, 1)
			b.want(t, "there, after it", ref, in.Epoch, "", passwd.ErrEnded, 1)
		})
	}
}

// Nothing but yes is remembered: whoever was refused, or asked for something, is
// looked up each time, and a new epoch holds at once on the replica that knows the old.
func TestLiveCacheRemembersNoRefusal(t *testing.T) {
	a, b, _ := replicas(t)
	ref := a.Add(t, ada(), adaPassword)
	in := mustSignIn(t, a.Kit, "ada", adaPassword)
	b.want(t, "the old epoch", ref, in.Epoch, "", nil, 1)
	epoch, err := a.Service.Revoke(ctx, passwd.Revoke{Account: ref, Client: home})
	if err != nil {
		t.Fatal(err)
	}
	b.want(t, "the new epoch", ref, epoch, "", nil, 1)
	b.want(t, "the new epoch again", ref, epoch, "", nil, 0)
	for range 2 {
		b.want(t, "the old epoch after that", ref, in.Epoch, "", passwd.ErrEnded, 1)
		b.want(t, "no epoch", ref, 0, "", passwd.ErrEnded, 1)
		b.want(t, "an unknown account", passwd.Ref{ID: "unknown"}, epoch, "", passwd.ErrEnded, 1)
	}
	if err := b.Service.RequireChange(ctx, passwd.RequireChange{Account: ref, Client: home}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		b.want(t, "who must change", ref, epoch, passwd.Administrator, nil, 1)
	}
	if err := a.Service.LiftChange(ctx, passwd.LiftChange{Account: ref, Client: home}); err != nil {
		t.Fatal(err)
	}
	b.want(t, "who need not any more", ref, epoch, "", nil, 1)
}

// An account that the host closes itself is closed after the bound, and a clock that
// is put back prolongs nothing.
func TestLiveCacheAndTheHost(t *testing.T) {
	a, _, clock := replicas(t)
	ref := a.Add(t, ada(), adaPassword)
	in := mustSignIn(t, a.Kit, "ada", adaPassword)
	a.want(t, "open", ref, in.Epoch, "", nil, 1)
	closed, err := a.Store.Get(ctx, ref)
	if err != nil {
		t.Fatal(err)
	}
	closed.Disabled = true
	a.Store.Set(closed)
	a.want(t, "within the bound", ref, in.Epoch, "", nil, 0)
	clock.Advance(-time.Second)
	a.want(t, "the clock put back", ref, in.Epoch, "", passwd.ErrEnded, 1)
	clock.Advance(time.Second + liveBound)
	a.want(t, "after the bound", ref, in.Epoch, "", passwd.ErrEnded, 1)
}

// A read that began before a write is not kept, nor joined by who comes after it.
func TestLiveCacheReadRacesAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _, _ := replicas(t)
		ref := a.Add(t, ada(), adaPassword)
		in := mustSignIn(t, a.Kit, "ada", adaPassword)

		release := make(chan struct{})
		a.store.hold = func() error { <-release; return nil }
		answer := make(chan error, 1)
		go func() {
			_, err := a.Service.Live(ctx, ref, in.Epoch)
			answer <- err
		}()
		synctest.Wait() // it has read, and not answered
		a.store.hold = nil
		if _, err := a.Service.Revoke(ctx, passwd.Revoke{Account: ref, Client: home}); err != nil {
			t.Fatal(err)
		}
		a.want(t, "while the old read is under way", ref, in.Epoch, "", passwd.ErrEnded, 1)
		close(release)
		if err := <-answer; err != nil {
			t.Errorf("the read that began before: %v", err)
		}
		a.want(t, "after the old read", ref, in.Epoch, "", passwd.ErrEnded, 1)
	})
}

// The age of an answer counts from before the read.
func TestLiveCacheCountsFromBeforeTheRead(t *testing.T) {
	a, _, clock := replicas(t)
	ref := a.Add(t, ada(), adaPassword)
	in := mustSignIn(t, a.Kit, "ada", adaPassword)
	a.store.hold = func() error { clock.Advance(liveBound - time.Millisecond); return nil }
	a.want(t, "a slow read", ref, in.Epoch, "", nil, 1)
	a.store.hold = nil
	a.want(t, "a moment later", ref, in.Epoch, "", nil, 0)
	clock.Advance(time.Millisecond)
	a.want(t, "at the bound", ref, in.Epoch, "", nil, 1)
}

// Of many who ask for one account at once, one reads. What happens to that one is not
// the others' trouble.
func TestLiveCacheReadsOnce(t *testing.T) {
	for name, c := range map[string]struct {
		first error // of the first read
		reads int64
	}{
		"well":        {nil, 1},
		"first fails": {errDown, 8},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, _, _ := replicas(t)
				ref := a.Add(t, ada(), adaPassword)
				in := mustSignIn(t, a.Kit, "ada", adaPassword)
				before := a.store.reads.Load()
				release := make(chan struct{})
				var held atomic.Bool
				a.store.hold = func() error {
					if held.Swap(true) {
						return nil
					}
					<-release
					return c.first
				}
				var failed atomic.Int64
				var all sync.WaitGroup
				for range 8 {
					all.Go(func() {
						if _, err := a.Service.Live(ctx, ref, in.Epoch); err != nil {
							failed.Add(1)
						}
					})
				}
				synctest.Wait()
				if n := a.store.reads.Load() - before; n != 1 {
					t.Errorf("%d reads while the first is under way", n)
				}
				// Who does not want to wait so long does not.
				impatient, cancel := context.WithCancel(ctx)
				cancel()
				a.Service.Live(impatient, ref, in.Epoch)
				before += 1
				close(release)
				all.Wait()
				if n := a.store.reads.Load() - before; n != c.reads {
					t.Errorf("%d reads, want %d", n, c.reads)
				}
				if n := failed.Load(); (n != 0) != (c.first != nil) || n > 1 {
					t.Errorf("%d failed", n)
				}
			})
		})
	}
}

// A panic of the store ends the read for those who wait, and is not kept.
func TestLiveCacheSurvivesAPanic(t *testing.T) {
	a, _, _ := replicas(t)
	ref := a.Add(t, ada(), adaPassword)
	in := mustSignIn(t, a.Kit, "ada", adaPassword)
	a.store.hold = func() error { panic("driver") }
	func() {
		defer func() { recover() }()
		a.Service.Live(ctx, ref, in.Epoch)
		t.Error("no panic")
	}()
	a.store.hold = nil
	a.want(t, "after the panic", ref, in.Epoch, "", nil, 1)
	a.want(t, "and again", ref, in.Epoch, "", nil, 0)
}

// A service of one tenant knows nothing that another has read, and one over a
// transaction neither reads the cache nor fills it, but its writes invalidate.
func TestLiveCacheOfCopies(t *testing.T) {
	a, _, _ := replicas(t)
	account := ada()
	account.Ref = passwd.Ref{Tenant: "north", ID: "1"}
	ref := a.Add(t, account, adaPassword)
	north, south := a.Service.InTenant("north"), a.Service.InTenant("south")
	in, err := north.SignIn(ctx, passwd.SignIn{Login: passwd.Login{Tenant: "north", Value: "ada"}, Password: adaPassword, Client: home})
	if err != nil {
		t.Fatal(err)
	}
	a.want(t, "of all tenants", ref, in.Epoch, "", nil, 1)
	inNorth := replica{&passwdtest.Kit{Service: north}, a.store}
	inNorth.want(t, "its own tenant", ref, in.Epoch, "", nil, 0)
	replica{&passwdtest.Kit{Service: south}, a.store}.want(t, "another tenant", ref, in.Epoch, "", passwd.ErrEnded, 0)

	within := replica{&passwdtest.Kit{Service: a.Service.With(a.store).InTenant("north")}, a.store}
	for range 2 {
		within.want(t, "in a transaction", ref, in.Epoch, "", nil, 1)
	}
	if _, err := within.Service.Revoke(ctx, passwd.Revoke{Account: ref, Client: home}); err != nil {
		t.Fatal(err)
	}
	inNorth.want(t, "after a write in a transaction", ref, in.Epoch, "", passwd.ErrEnded, 1)
}

// Whatever is asked for, the cache holds no more than it may, and the newest stay.
func TestLiveCacheIsOfBoundedSize(t *testing.T) {
	const accounts = 3 * 8192
	a, _, _ := replicas(t)
	refs := make([]passwd.Ref, accounts)
	for i := range refs {
		account := ada()
		account.Username, account.Email, account.Mobile = fmt.Sprint("ada", i), "", ""
		refs[i] = a.Add(t, account, "")
	}
	epochs := make([]int64, accounts)
	for i, r := range refs {
		var err error
		if epochs[i], err = a.Service.Revoke(ctx, passwd.Revoke{Account: r, Client: home}); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Service.Live(ctx, r, epochs[i]); err != nil {
			t.Fatal(err)
		}
	}
	last := accounts - 1
	a.want(t, "the newest", refs[last], epochs[last], "", nil, 0)
	before := a.store.reads.Load()
	for i, r := range slices.Backward(refs) { // from the newest, so that they are not pushed out by the look
		if _, err := a.Service.Live(ctx, r, epochs[i]); err != nil {
			t.Fatal(err)
		}
	}
	if n := a.store.reads.Load() - before; n < accounts-2*8192 || n > accounts-8192 {
		t.Errorf("%d of %d were not remembered", n, accounts)
	}
}

// Many read and write at once; what a write has ended is never taken for live by who
// asks after it has returned.
func TestLiveCacheUnderRace(t *testing.T) {
	a, _, _ := replicas(t)
	ref := a.Add(t, ada(), adaPassword)
	var epoch atomic.Int64
	epoch.Store(mustSignIn(t, a.Kit, "ada", adaPassword).Epoch)
	done := make(chan struct{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				a.Service.Live(ctx, ref, epoch.Load())
			}
		})
	}
	for range 300 {
		old := epoch.Load()
		next, err := a.Service.Revoke(ctx, passwd.Revoke{Account: ref, Client: home})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Service.Live(ctx, ref, old); !errors.Is(err, passwd.ErrEnded) {
			t.Fatalf("an ended epoch is live: %v", err)
		}
		epoch.Store(next)
	}
	close(done)
	all.Wait()
}

func TestLiveCacheBounds(t *testing.T) {
	for bound, ok := range map[time.Duration]bool{
		-1: false, 0: true, 1: true, time.Minute: true, time.Minute + 1: false,
	} {
		cfg := goodConfig()
		cfg.InsecureLiveCache = bound
		if _, err := passwd.New(cfg); (err == nil) != ok {
			t.Errorf("%v: error %v", bound, err)
		}
	}
}

// Without the cache each call asks the store.
func TestLiveWithoutCache(t *testing.T) {
	s := &lookedAt{Store: memstore.New()}
	kit := passwdtest.New(t, passwd.Config{Store: s})
	kit.Store = s.Store
	ref := kit.Add(t, ada(), adaPassword)
	in := mustSignIn(t, kit, "ada", adaPassword)
	for range 2 {
		replica{kit, s}.want(t, "live", ref, in.Epoch, "", nil, 1)
	}
}

// A JWT that another replica has ended is refused at the bound (I5).
func TestLiveCacheOfJWTs(t *testing.T) {
	a, b, clock := replicas(t)
	keys := passwd.RandomKeys()
	authority := func(r replica) *jwt.Authority {
		j, err := jwt.New(jwt.Config{Purpose: "access", Issuer: "shop", Keys: keys, Live: r.Service.Live, Now: clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	here, there := authority(a), authority(b)
	a.Add(t, ada(), adaPassword)
	in := mustSignIn(t, a.Kit, "ada", adaPassword)
	token, err := here.Issue(in)
	if err != nil {
		t.Fatal(err)
	}
	verify := func(what string, j *jwt.Authority, want error) {
		t.Helper()
		if _, err := j.Verify(ctx, string(token)); !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", what, err, want)
		}
	}
	verify("here", here, nil)
	verify("there", there, nil)
	reads := b.store.reads.Load()
	if _, err := a.Service.Revoke(ctx, passwd.Revoke{Account: in.Account, Client: home}); err != nil {
		t.Fatal(err)
	}
	verify("where it was ended", here, passwd.ErrEnded)
	verify("there, within the bound", there, nil)
	if n := b.store.reads.Load() - reads; n != 0 {
		t.Errorf("%d reads of the store within the bound", n)
	}
	clock.Advance(liveBound)
	verify("there, at the bound", there, passwd.ErrEnded)
}

// BenchmarkLive and BenchmarkVerifyJWT are a check of a session with the cache.
func BenchmarkLive(b *testing.B) {
	kit := passwdtest.New(b, passwd.Config{InsecureLiveCache: time.Minute, Now: time.Now})
	ref := kit.Add(b, ada(), adaPassword)
	in, err := signIn(kit, "ada", adaPassword)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := kit.Service.Live(ctx, ref, in.Epoch); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyJWT(b *testing.B) {
	for _, algorithm := range []jwt.Algorithm{jwt.HS256, jwt.EdDSA} {
		b.Run(string(algorithm), func(b *testing.B) {
			kit := passwdtest.New(b, passwd.Config{InsecureLiveCache: time.Minute, Now: time.Now})
			kit.Add(b, ada(), adaPassword)
			in, err := signIn(kit, "ada", adaPassword)
			if err != nil {
				b.Fatal(err)
			}
			authority, err := jwt.New(jwt.Config{
				Purpose: "access", Issuer: "shop", Keys: passwd.RandomKeys(), Live: kit.Service.Live, Algorithm: algorithm,
			})
			if err != nil {
				b.Fatal(err)
			}
			token, err := authority.Issue(in)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := authority.Verify(ctx, string(token)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

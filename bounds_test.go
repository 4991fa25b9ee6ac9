package passwd_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
)

// slow is a hasher that takes a second, and counts how many are at it at once.
type slow struct {
	passwdtest.Hasher
	now, most *atomic.Int64
}

func newSlow() slow { return slow{now: new(atomic.Int64), most: new(atomic.Int64)} }

func (h slow) Verify(ctx context.Context, stored passwd.Hash, password string) (pwhash.Verdict, error) {
	h.most.Store(max(h.most.Load(), h.now.Add(1)))
	defer h.now.Add(-1)
	time.Sleep(time.Second) // of the bubble's clock
	return h.Hasher.Verify(ctx, stored, password)
}

func TestHashingIsBounded(t *testing.T) { // I8, H7
	synctest.Test(t, func(t *testing.T) {
		hasher := newSlow()
		kit := passwdtest.New(t, passwd.Config{Hasher: hasher, HashWorkers: 2, HashWaiting: 10})
		var busy, wrong atomic.Int64
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				_, err := kit.Service.SignIn(ctx, passwd.SignIn{Login: login("nobody" + string(rune('a'+i))), Password: "x", Client: stranger(i)})
				switch {
				case errors.Is(err, passwd.ErrBusy):
					busy.Add(1)
				case errors.Is(err, passwd.ErrWrongCredentials):
					wrong.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if hasher.most.Load() != 2 || wrong.Load() != 12 || busy.Load() != 52 {
			t.Errorf("%d at once, %d judged, %d turned away; want 2, 2 and 10 that waited, 52", hasher.most.Load(), wrong.Load(), busy.Load())
		}
	})
}

func TestCancelledRequestsLeaveTheLine(t *testing.T) { // I8
	synctest.Test(t, func(t *testing.T) {
		kit := passwdtest.New(t, passwd.Config{Hasher: newSlow(), HashWorkers: 1, HashWaiting: 1})
		gone, leave := context.WithCancel(t.Context())
		signIn := func(ctx context.Context, n int) error {
			_, err := kit.Service.SignIn(ctx, passwd.SignIn{Login: login("nobody"), Password: "x", Client: stranger(n)})
			return err
		}
		var wg sync.WaitGroup
		wg.Go(func() { wantErr(t, signIn(t.Context(), 1), passwd.ErrWrongCredentials) })
		synctest.Wait() // it is at the hasher
		wg.Go(func() { wantErr(t, signIn(gone, 2), context.Canceled) })
		synctest.Wait() // it waits
		wantErr(t, signIn(t.Context(), 3), passwd.ErrBusy)
		began := time.Now()
		leave()
		synctest.Wait()
		wg.Go(func() { wantErr(t, signIn(t.Context(), 4), passwd.ErrWrongCredentials) })
		synctest.Wait() // it has the place
		if time.Since(began) != 0 {
			t.Error("the place was given up late")
		}
		wg.Wait()
	})
}

func TestBusyIsNoFailure(t *testing.T) { // an overload must not lock people out
	kit := passwdtest.New(t, passwd.Config{Hasher: overloaded{}})
	kit.Add(t, ada(), adaPassword)
	for range 50 {
		_, err := signIn(kit, "ada", "wrong")
		wantErr(t, err, passwd.ErrBusy)
	}
}

type overloaded struct{ passwdtest.Hasher }

func (overloaded) Verify(context.Context, passwd.Hash, string) (pwhash.Verdict, error) {
	return pwhash.Verdict{}, passwd.ErrBusy
}

package passwd_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

func textLogger(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

// atOnce runs n calls together and returns how many succeeded; every other one
// must fail with one of the given errors.
func atOnce(t *testing.T, n int, call func(i int) error, allowed ...error) int {
	t.Helper()
	var (
		start = make(chan struct{})
		won   atomic.Int64
		wg    sync.WaitGroup
	)
	for i := range n {
		wg.Go(func() {
			<-start
			err := call(i)
			if err == nil {
				won.Add(1)
				return
			}
			for _, a := range allowed {
				if errors.Is(err, a) {
					return
				}
			}
			t.Errorf("call %d: %v", i, err)
		})
	}
	close(start)
	wg.Wait()
	return int(won.Load())
}

// manyRequests lets one address ask for many links.
var (
	unlimited    = passwd.Limit{Free: 1 << 20, Window: time.Hour}
	manyRequests = passwd.Limits{ResetRequests: unlimited, Messages: unlimited, Redeem: unlimited}
)

func rounds() int {
	if testing.Short() {
		return 20
	}
	return 200
}

func TestOneRedemptionWins(t *testing.T) { // I4, T4
	kit := passwdtest.New(t, passwd.Config{Limits: manyRequests})
	for i := range rounds() {
		name := fmt.Sprint("user", i)
		ref := kit.Add(t, passwd.Account{Username: name, Email: name + "@example.com"}, adaPassword)
		token := resetToken(t, kit, name)
		before := account(t, kit, ref)
		won := atOnce(t, 64, func(i int) error {
			_, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: fmt.Sprint("password of caller ", i), Client: stranger(i)})
			return err
		}, passwd.ErrTokenInvalid)
		after := account(t, kit, ref)
		if won != 1 || after.Epoch != before.Epoch+1 {
			t.Fatalf("round %d: %d successes, epoch raised by %d", i, won, after.Epoch-before.Epoch)
		}
		kit.Deliver(t)
	}
}

func TestOneChangeWins(t *testing.T) { // I3
	kit := passwdtest.New(t, passwd.Config{Limits: passwd.Limits{SignIn: passwd.Limit{Free: 1000, Wait: 1, MaxWait: 1}}})
	for i := range rounds() {
		ref := kit.Add(t, passwd.Account{Username: fmt.Sprint("user", i)}, adaPassword)
		before := mustSignIn(t, kit, fmt.Sprint("user", i), adaPassword)
		won := atOnce(t, 64, func(i int) error {
			_, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: adaPassword, New: fmt.Sprint("password of caller ", i)})
			return err
		}, passwd.ErrConflict, passwd.ErrWrongPassword)
		if after := account(t, kit, ref); won != 1 || after.Epoch != before.Epoch+1 {
			t.Fatalf("round %d: %d successes, epoch raised by %d", i, won, after.Epoch-before.Epoch)
		}
	}
}

func TestOneCodeRedemptionWins(t *testing.T) { // I4
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), adaPassword)
	request, code := requestCode(t, kit, "ada")
	won := atOnce(t, 64, func(i int) error {
		_, err := kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: request, Code: code, Client: stranger(i)})
		return err
	}, passwd.ErrTokenInvalid)
	if won != 1 {
		t.Fatalf("%d successes", won)
	}
}

func TestParallelGuessesAreAllCounted(t *testing.T) { // R1: counted before the work
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), adaPassword)
	var judged atomic.Int64
	atOnce(t, 200, func(i int) error {
		_, err := kit.Service.SignIn(ctx, passwd.SignIn{Login: login("ada"), Password: "wrong", Client: home})
		if errors.Is(err, passwd.ErrWrongCredentials) {
			judged.Add(1)
		}
		return err
	}, passwd.ErrWrongCredentials, passwd.ErrRateLimited)
	if n := judged.Load(); n != 10 {
		t.Errorf("%d guesses were judged, want the 10 free ones", n)
	}
}

// TestSignInRacingReset lets a sign-in with the old password finish after a
// reset has begun: what it returns must not be live (I5).
func TestSignInRacingReset(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	for i := range 50 {
		name := fmt.Sprint("user", i)
		ref := kit.Add(t, passwd.Account{Username: name, Email: name + "@example.com"}, adaPassword)
		token := resetToken(t, kit, name)
		var in passwd.SignedIn
		atOnce(t, 2, func(i int) (err error) {
			if i == 0 {
				_, err = kit.Service.Reset(ctx, passwd.Reset{Token: token, New: newPassword})
			} else {
				in, err = signIn(kit, name, adaPassword)
			}
			return err
		}, passwd.ErrWrongCredentials)
		if in.Epoch != 0 {
			_, err := kit.Service.Live(ctx, ref, in.Epoch)
			wantErr(t, err, passwd.ErrEnded)
		}
		kit.Deliver(t)
	}
}

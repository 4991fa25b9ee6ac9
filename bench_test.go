package passwd_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
)

// free is a hasher that costs nothing: what is left is the library's own work.
type free struct{}

func (free) Hash(_ context.Context, password string) (passwd.Hash, error) {
	return passwd.Hash(password), nil
}

func (free) Verify(_ context.Context, h passwd.Hash, password string) (pwhash.Verdict, error) {
	return pwhash.Verdict{Match: string(h) == password}, nil
}

// BenchmarkChangeOfAHash measures a whole Change around a hasher that costs
// nothing, and reports it as a share of one Argon2id hash in the same run.
func BenchmarkChangeOfAHash(b *testing.B) {
	b.ReportAllocs()
	hash := medianHash(b)
	kit := passwdtest.New(b, passwd.Config{Hasher: free{}})
	a := ada()
	a.Ref.ID, a.Active, a.Hash = "1", true, adaPassword
	a.Address = []passwd.Address{{Channel: passwd.EmailChannel, Value: a.Email}}
	kit.Store.Set(a)
	passwords := [2]string{adaPassword, newPassword}
	n := 0
	for b.Loop() {
		_, err := kit.Service.Change(ctx, passwd.Change{Account: a.Ref, Current: passwords[n%2], New: passwords[(n+1)%2], Client: home})
		if err != nil {
			b.Fatal(err)
		}
		if n++; n%1000 == 0 {
			b.StopTimer() // the worker's share is not the request's
			kit.Deliver(b)
			b.StartTimer()
		}
	}
	b.ReportMetric(100*float64(b.Elapsed())/float64(b.N)/float64(hash), "%-of-a-hash")
}

func medianHash(b *testing.B) time.Duration {
	b.Helper()
	times := make([]time.Duration, 0, 21)
	for range cap(times) {
		began := time.Now()
		if _, err := (pwhash.Argon2id{}).Hash(ctx, adaPassword); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(began))
	}
	for i := range times { // insertion sort: there are 21
		for j := i; j > 0 && times[j] < times[j-1]; j-- {
			times[j], times[j-1] = times[j-1], times[j]
		}
	}
	return times[len(times)/2]
}

// BenchmarkSignInThroughput runs sign-ins from 64 goroutines, and the bare
// hasher behind the same bound, in alternation, and reports the ratio of their
// throughputs.
func BenchmarkSignInThroughput(b *testing.B) {
	const goroutines = 64
	kit := passwdtest.New(b, passwd.Config{Hasher: pwhash.Argon2id{}})
	h, err := pwhash.Argon2id{}.Hash(ctx, adaPassword)
	if err != nil {
		b.Fatal(err)
	}
	for i := range goroutines { // parallel tries at one account would be limited
		kit.Store.Set(passwd.Account{Ref: passwd.Ref{ID: fmt.Sprint(i)}, Username: fmt.Sprint("user", i), Active: true, Hash: h})
	}
	bound := make(chan struct{}, runtime.GOMAXPROCS(0))
	var service, bare time.Duration
	const calls = 256
	for b.Loop() {
		bare += together(goroutines, calls, func(int) error {
			bound <- struct{}{}
			defer func() { <-bound }()
			_, err := pwhash.Argon2id{}.Verify(ctx, h, adaPassword)
			return err
		})
		service += together(goroutines, calls, func(i int) error {
			_, err := signIn(kit, fmt.Sprint("user", i), adaPassword)
			return err
		})
	}
	b.ReportMetric(float64(bare)/float64(service), "of-the-bare-hasher")
	b.ReportMetric(calls*float64(b.N)/service.Seconds(), "sign-ins/s")
}

// together runs calls on so many goroutines and returns how long all took.
func together(goroutines, calls int, call func(goroutine int) error) time.Duration {
	var wg sync.WaitGroup
	began := time.Now()
	for g := range goroutines {
		wg.Go(func() {
			for range calls / goroutines {
				if err := call(g); err != nil {
					panic(fmt.Sprint("benchmark: ", err))
				}
			}
		})
	}
	wg.Wait()
	return time.Since(began)
}

package passwd_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
	"golang.org/x/crypto/argon2"
)

// BenchmarkHashThroughput compares arrangements around the same Argon2id at rising
// concurrency: sign-ins with the service, argon2.IDKey behind a semaphore, and
// argon2.IDKey free. Run one arrangement alone, as in
//
//	go test -run '^$' -bench 'HashThroughput/64/service' -benchtime 3x
//
// for its peak-MiB, which is that of the whole process.
func BenchmarkHashThroughput(b *testing.B) {
	kit := passwdtest.New(b, passwd.Config{
		Hasher: pwhash.Argon2id{}, HashWaiting: 1000,
		Limits: passwd.Limits{Address: passwd.Limit{Free: 1 << 20, Window: time.Hour}}, // all in flight count
	})
	h, err := pwhash.Argon2id{}.Hash(ctx, adaPassword)
	if err != nil {
		b.Fatal(err)
	}
	for i := range 512 { // parallel tries at one account would be limited
		kit.Store.Set(passwd.Account{Ref: passwd.Ref{ID: fmt.Sprint(i)}, Username: fmt.Sprint("user", i), Active: true, Hash: h})
	}
	salt, workers := []byte("0123456789abcdef"), make(chan struct{}, runtime.GOMAXPROCS(0))
	idKey := func(int) error {
		argon2.IDKey([]byte(adaPassword), salt, 2, 19456, 1, 32)
		return nil
	}
	arrangements := []struct {
		name string
		call func(goroutine int) error
	}{
		{"service", func(g int) error {
			_, err := signIn(kit, fmt.Sprint("user", g), adaPassword)
			return err
		}},
		{"semaphore", func(g int) error {
			workers <- struct{}{}
			defer func() { <-workers }()
			return idKey(g)
		}},
		{"free", idKey},
	}
	for _, goroutines := range []int{1, 2, 8, 64, 512} {
		calls := max(64, goroutines)
		for _, a := range arrangements {
			b.Run(fmt.Sprintf("%d/%s", goroutines, a.name), func(b *testing.B) {
				var took time.Duration
				for b.Loop() {
					took += together(goroutines, calls, a.call)
				}
				b.ReportMetric(float64(calls*b.N)/took.Seconds(), "hashes/s")
				b.ReportMetric(peakMiB(), "peak-MiB")
			})
		}
		b.Run(fmt.Sprintf("%d/ratio", goroutines), func(b *testing.B) { // in alternation
			var took [2]time.Duration
			var ticks [2]float64
			for b.Loop() {
				for i := range took {
					before := cpuTicks()
					took[i] += together(goroutines, calls, arrangements[i].call)
					ticks[i] += cpuTicks() - before
				}
			}
			b.ReportMetric(float64(took[1])/float64(took[0]), "of-the-semaphore")
			if ticks[0] > 0 { // steadier where others use the machine too
				b.ReportMetric(ticks[1]/ticks[0], "of-the-semaphore-per-CPU")
			}
		})
	}
}

// cpuTicks is the processor time that the process has used, in ticks of the
// system, or 0 where the system does not tell.
func cpuTicks() float64 {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest) // from the third on: 14 and 15 are user and system time
	var user, system float64
	if _, err := fmt.Sscan(strings.Join(fields[11:13], " "), &user, &system); err != nil {
		return 0
	}
	return user + system
}

// peakMiB is the largest resident set that the process has had, or 0 where the
// system does not tell.
func peakMiB() float64 {
	peak, err := testrun.PeakMemory(os.Getpid())
	if err != nil {
		return 0
	}
	return float64(peak) / (1 << 20)
}

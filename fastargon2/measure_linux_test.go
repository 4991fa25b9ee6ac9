package fastargon2_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sys/unix"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/fastargon2"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/pwhash"
)

const alternations = 25

// contender is a way to do the same work.
type contender struct {
	name string
	work func()
}

// cpu is the time that all threads of the process have taken: other processes hardly
// change it, as they do that on the clock.
func cpu() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}

// spread is the median and the quartiles of a measurement.
type spread struct{ low, median, high float64 }

func spreadOf(values []float64) spread {
	slices.Sort(values)
	n := len(values)
	return spread{values[n/4], values[n/2], values[n-1-n/4]}
}

func (s spread) String() string { return fmt.Sprintf("%.3f (%.3f–%.3f)", s.median, s.low, s.high) }

// ratios runs the contenders in turns, each on so many goroutines at once, and returns
// the CPU time of each relative to that of the first in the same turn, and in ms.
func ratios(turns, threads int, all []contender) (ratio, took []spread) {
	relative, ms := make([][]float64, len(all)), make([][]float64, len(all))
	for turn := range turns + 1 {
		first := 0.0
		for i, c := range all {
			before := cpu()
			var together sync.WaitGroup
			for range threads {
				together.Go(func() {
					for range 2 {
						c.work()
					}
				})
			}
			together.Wait()
			each := (cpu() - before).Seconds() * 1000 / float64(2*threads)
			if i == 0 {
				first = each
			}
			if turn > 0 { // the first one warms up
				relative[i], ms[i] = append(relative[i], each/first), append(ms[i], each)
			}
		}
	}
	for i := range all {
		ratio, took = append(ratio, spreadOf(relative[i])), append(took, spreadOf(ms[i]))
	}
	return ratio, took
}

func xcrypto(kib, passes uint32, lanes uint8) contender {
	return contender{"x/crypto", func() { argon2.IDKey(staple, salt, passes, kib, lanes, 32) }}
}

func kernel(name fastargon2.Kernel, kib, passes uint32, lanes uint8) contender {
	a := fastargon2.New(fastargon2.Config{Fastest: name})
	return contender{name.String(), func() {
		if _, err := a.Key(fastargon2.VariantID, fastargon2.Version13, staple, salt, passes, kib, lanes, 32); err != nil {
			panic(err)
		}
	}}
}

// most is what each kernel may take of the time of x/crypto.
var most = map[fastargon2.Kernel]float64{fastargon2.AVX512: 0.30, fastargon2.AVX2: 0.48}

func measuring(t *testing.T) {
	if os.Getenv("PASSWD_TEST_LONG") == "" {
		t.Skip("measures: PASSWD_TEST_LONG is not set")
	}
}

// TestMeasureKernels prints the table of the package's documentation.
func TestMeasureKernels(t *testing.T) {
	measuring(t)
	for _, cost := range []struct {
		kib, passes uint32
		lanes       uint8
	}{
		{19456, 2, 1}, {19456, 5, 1}, {19456, 8, 1}, {47104, 1, 1}, {47104, 3, 1}, {65536, 3, 1}, {65536, 3, 4}, {131072, 2, 1},
	} {
		all := []contender{xcrypto(cost.kib, cost.passes, cost.lanes)}
		for _, name := range names()[1:] {
			all = append(all, kernel(name, cost.kib, cost.passes, cost.lanes))
		}
		floor := cost.kib == 19456 && cost.passes == 2
		for _, threads := range []int{1, 2} {
			turns := alternations
			if !floor {
				turns = 5 // for the table only
			}
			ratio, took := ratios(turns, threads, all)
			for i, c := range all {
				t.Logf("%6d KiB, t=%d, p=%d, %d threads: %-8s %6.1f ms of CPU, %v", cost.kib, cost.passes, cost.lanes, threads, c.name, took[i].median, ratio[i])
				if i > 0 && floor && ratio[i].median > most[names()[i]] {
					t.Errorf("that is over %v", most[names()[i]])
				}
			}
			if !floor {
				break
			}
		}
	}
}

// signIn makes a service and signs in, in each goroutine to an account of its own.
func signIn(tb testing.TB, goroutines int, key pwhash.Argon2Key) func(goroutine int) {
	store := memstore.New()
	hasher := pwhash.Argon2id{Key: key}
	svc, err := passwd.New(passwd.Config{
		Store: store, Hasher: hasher, Keys: passwd.RandomKeys(), HashWaiting: goroutines,
		Notify: passwd.NotifierFunc(func(context.Context, passwd.Message) error { return nil }),
		Links:  passwd.Links{Base: "https://app.example.com/account/password"},
	})
	if err != nil {
		tb.Fatal(err)
	}
	hash, err := hasher.Hash(tb.Context(), string(staple))
	if err != nil {
		tb.Fatal(err)
	}
	for i := range goroutines {
		store.Set(passwd.Account{Ref: passwd.Ref{ID: strconv.Itoa(i)}, Username: fmt.Sprint("user", i), Active: true, Hash: hash})
	}
	return func(i int) {
		_, err := svc.SignIn(tb.Context(), passwd.SignIn{
			Login: passwd.Login{Value: fmt.Sprint("user", i)}, Password: string(staple),
			Client: passwd.Client{Addr: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})},
		})
		if err != nil {
			tb.Error(err)
		}
	}
}

// TestMeasureSignIn holds a whole sign-in to the same ratios, and to 1.06 of the kernel
// alone.
func TestMeasureSignIn(t *testing.T) {
	measuring(t)
	next := make(chan int, 2)
	next <- 0
	next <- 1
	service := func(name string, key pwhash.Argon2Key) contender {
		do := signIn(t, 2, key)
		return contender{"SignIn, " + name, func() {
			i := <-next
			do(i)
			next <- i
		}}
	}
	for _, threads := range []int{1, 2} {
		all := []contender{service("x/crypto", nil)}
		for _, name := range names()[1:] {
			all = append(all, service(name.String(), fastargon2.New(fastargon2.Config{Fastest: name}).Key))
		}
		ratio, took := ratios(alternations, threads, all)
		for i, c := range all {
			t.Logf("%d threads: %-16s %6.2f ms of CPU, %v", threads, c.name, took[i].median, ratio[i])
			if i > 0 && ratio[i].median > most[names()[i]] {
				t.Errorf("%s takes %v of x/crypto", c.name, ratio[i])
			}
		}
		for i, name := range names()[1:] {
			ratio, _ := ratios(alternations, threads, []contender{kernel(name, 19456, 2, 1), all[1+i]})
			t.Logf("%d threads: SignIn is %v of the kernel %v alone", threads, ratio[1], name)
			if ratio[1].median > 1.06 {
				t.Errorf("that is over 1.06")
			}
		}
	}
}

// TestMeasureMemory signs in 512 times from 64 goroutines, in a process of its own for
// each kernel.
func TestMeasureMemory(t *testing.T) {
	measuring(t)
	if name := os.Getenv("FASTARGON2_MEMORY"); name != "" {
		n, err := strconv.Atoi(name)
		if err != nil {
			t.Fatal(err)
		}
		var key pwhash.Argon2Key
		if k := fastargon2.Kernel(n); k != fastargon2.Go {
			key = fastargon2.New(fastargon2.Config{Fastest: k}).Key
		}
		do := signIn(t, 64, key)
		var all sync.WaitGroup
		for i := range 64 {
			all.Go(func() {
				for range 8 {
					do(i)
				}
			})
		}
		all.Wait()
		var gc runtime.MemStats
		runtime.ReadMemStats(&gc)
		fmt.Printf("peak RSS %d MiB, %d garbage collections\n", status(t, "VmHWM")>>10, gc.NumGC)
		if key != nil && status(t, "VmHWM") > 100<<10 {
			t.Error("over 100 MiB")
		}
		return
	}
	for _, name := range names() {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestMeasureMemory$")
		cmd.Env = append(os.Environ(), "FASTARGON2_MEMORY="+strconv.Itoa(int(name)))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v: %v", name, err)
		}
		t.Logf("%v: %s", name, out)
	}
}

// status is a line of /proc/self/status, in KiB.
func status(t *testing.T, name string) (kib int) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), name+":")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return kib
}

// A large matrix is given back to the system when it has been idle for long, not when a
// garbage collection comes by.
func TestGivenBack(t *testing.T) {
	synctestIdle(t, func(a *fastargon2.Argon2, idle func()) {
		key(t, a, 64<<10)
		before := status(t, "VmRSS")
		idle()
		if after := status(t, "VmRSS"); before-after < 60<<10 {
			t.Errorf("%d KiB before, %d after", before, after)
		}
	})
}

package fastargon2_test

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/passwd-go/passwd/fastargon2"
)

var salt, staple = []byte("0123456789abcdef"), []byte("correct horse battery staple")

// names are the kernels that New can choose on this CPU.
func names() []fastargon2.Kernel {
	all := []fastargon2.Kernel{fastargon2.Go}
	for name := range fastargon2.Kernels() {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// New takes the fastest kernel, or the fastest that Config allows, and each of them
// computes what x/crypto does.
func TestNew(t *testing.T) {
	if got, want := fastargon2.New(fastargon2.Config{}).Kernel(), names()[len(names())-1]; got != want {
		t.Errorf("New chose %v, want %v", got, want)
	}
	for _, name := range names() {
		a := fastargon2.New(fastargon2.Config{Fastest: name, Dropped: func(k fastargon2.Kernel) { t.Errorf("%v was dropped", k) }})
		if a.Kernel() != name {
			t.Errorf("New chose %v, want %v", a.Kernel(), name)
		}
		got, err := a.Key(fastargon2.VariantID, fastargon2.Version13, []byte("password"), salt, 2, 256, 1, 32)
		if want := argon2.IDKey([]byte("password"), salt, 2, 256, 1, 32); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v: %x, %v, want %x", name, got, err, want)
		}
		got, err = a.Key(fastargon2.VariantI, fastargon2.Version13, []byte("password"), salt, 2, 256, 2, 32)
		if want := argon2.Key([]byte("password"), salt, 2, 256, 2, 32); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v: %x, %v, want %x", name, got, err, want)
		}
	}
}

// A kernel that differs from x/crypto is reported and not used.
func TestDropped(t *testing.T) {
	wrong := func(at int, bit uint64) fastargon2.FillFunc {
		calls := 0
		return func(matrix []fastargon2.Block, tmp *fastargon2.Block, random *uint64, dst, prev, ref, n, lane, size, first, area int, xor bool) int {
			next := fastargon2.FillGo(matrix, tmp, random, dst, prev, ref, n, lane, size, first, area, xor)
			if calls++; calls == at {
				matrix[dst][127] ^= bit
			}
			return next
		}
	}
	for _, at := range []int{1, 10, 38} {
		var dropped []fastargon2.Kernel
		report := func(k fastargon2.Kernel) { dropped = append(dropped, k) }
		a := fastargon2.NewOf(fastargon2.Config{Dropped: report},
			[]fastargon2.Kernel{fastargon2.AVX512, fastargon2.AVX2}, []fastargon2.FillFunc{wrong(at, 1), fastargon2.FillGo})
		if a.Kernel() != fastargon2.AVX2 || !slices.Equal(dropped, []fastargon2.Kernel{fastargon2.AVX512}) {
			t.Errorf("fault in call %d: %v chosen, %v dropped", at, a.Kernel(), dropped)
		}
		dropped = nil
		a = fastargon2.NewOf(fastargon2.Config{Dropped: report},
			[]fastargon2.Kernel{fastargon2.AVX512, fastargon2.AVX2}, []fastargon2.FillFunc{wrong(at, 1), wrong(at, 1<<63)})
		if a.Kernel() != fastargon2.Go || !slices.Equal(dropped, []fastargon2.Kernel{fastargon2.AVX512, fastargon2.AVX2}) {
			t.Errorf("two faults in call %d: %v chosen, %v dropped", at, a.Kernel(), dropped)
		}
		if _, err := a.Key(fastargon2.VariantD, fastargon2.Version10, []byte("password"), salt, 1, 8, 1, 32); err != nil {
			t.Error(err)
		}
	}
	fastargon2.NewOf(fastargon2.Config{}, []fastargon2.Kernel{fastargon2.AVX2}, []fastargon2.FillFunc{wrong(1, 1)}) // nobody to tell
}

// What the RFC does not define is an error.
func TestKeyRefuses(t *testing.T) {
	a := fastargon2.New(fastargon2.Config{})
	for _, tt := range []struct {
		variant, version, passes, memory uint32
		lanes                            uint8
		length                           uint32
		want                             string
	}{
		{3, 0x13, 1, 8, 1, 32, "variant"},
		{2, 0x11, 1, 8, 1, 32, "version"},
		{2, 19, 0, 8, 1, 32, "passes"},
		{2, 19, 1, 8, 0, 32, "lanes"},
		{2, 19, 1, 7, 1, 32, "KiB"},
		{2, 19, 1, 31, 4, 32, "KiB"},
		{2, 19, 1, 0, 1, 32, "KiB"},
		{2, 19, 1, 8, 1, 3, "tag"},
		{2, 19, 1, 8, 1, 0, "tag"},
	} {
		tag, err := a.Key(tt.variant, tt.version, []byte("password"), salt, tt.passes, tt.memory, tt.lanes, tt.length)
		if err == nil || tag != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %x, %v", tt, tag, err)
		}
	}
	if tag, err := a.Key(2, 19, nil, nil, 1, 8, 1, 4); err != nil || len(tag) != 4 {
		t.Errorf("the least: %x, %v", tag, err)
	}
}

// portable has a kernel on every CPU, so that what keeps workers is tested on all.
func portable(c fastargon2.Config) *fastargon2.Argon2 {
	return fastargon2.NewOf(c, []fastargon2.Kernel{fastargon2.AVX2}, []fastargon2.FillFunc{fastargon2.FillGo})
}

func key(t testing.TB, a *fastargon2.Argon2, kib uint32) {
	t.Helper()
	if _, err := a.Key(fastargon2.VariantID, fastargon2.Version13, staple, salt, 2, kib, 1, 32); err != nil {
		t.Error(err)
	}
}

// What is kept has nothing of a hash, with lanes and long tags as well, and nothing
// is kept for longer than a minute.
func TestWiped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := portable(fastargon2.Config{Keep: 3})
		for _, variant := range []uint32{fastargon2.VariantI, fastargon2.VariantD, fastargon2.VariantID} {
			for lanes := range uint8(4) {
				if _, err := a.Key(variant, fastargon2.Version10, staple, salt, 2, 3000, 1+lanes, 20+30*uint32(lanes)); err != nil {
					t.Fatal(err)
				}
				kept := a.Kept()
				if len(kept) != 1 {
					t.Fatalf("%d workers are kept", len(kept))
				}
				if left := kept[0].Remains(); left != "" {
					t.Errorf("variant %d, %d lanes: something is left in %s", variant, 1+lanes, left)
				}
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if kept := a.Kept(); len(kept) != 0 {
			t.Errorf("%d workers are kept after a minute", len(kept))
		}
	})
}

// Workers are used again by hashes of the size, kept up to a bound, and given back
// each a minute after its last use; then no timer is left, which synctest holds.
func TestKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := portable(fastargon2.Config{Keep: 2})
		sizes := func() (s []int) {
			for _, w := range a.Kept() {
				s = append(s, len(w.Room()))
			}
			return s
		}
		for _, step := range []struct {
			wait time.Duration
			kib  uint32
			want []int
		}{
			{0, 64, []int{64}},
			{0, 64, []int{64}}, // the same one
			{0, 40, []int{64}},
			{0, 16, []int{64, 16}},                  // too small for 64
			{0, 64, []int{16, 64}},                  // the order is that of the last use
			{0, 1024, []int{64, 1024}},              // over the bound
			{30 * time.Second, 64, []int{1024, 64}}, //
			{30 * time.Second, 64, []int{64}},       // 1024 was not used for a minute
			{59 * time.Second, 0, []int{64}},
			{time.Second, 0, nil},
		} {
			time.Sleep(step.wait)
			synctest.Wait()
			if step.kib > 0 {
				key(t, a, step.kib)
			}
			if got := sizes(); !slices.Equal(got, step.want) {
				t.Fatalf("%+v: %v", step, got)
			}
		}
	})
}

// synctestIdle runs a test in which a minute can pass.
func synctestIdle(t *testing.T, test func(a *fastargon2.Argon2, idle func())) {
	synctest.Test(t, func(t *testing.T) {
		test(portable(fastargon2.Config{}), func() {
			time.Sleep(time.Minute)
			synctest.Wait()
		})
	})
}

// As many at once as there are workers, and more, use no worker twice.
func TestConcurrent(t *testing.T) {
	for _, name := range names() {
		a := fastargon2.New(fastargon2.Config{Fastest: name, Keep: 2})
		var several sync.WaitGroup
		for n := range 8 {
			password := fmt.Append(nil, "password ", n)
			want := argon2.IDKey(password, salt, 2, 128, 2, 32)
			several.Go(func() {
				for range 50 {
					got, err := a.Key(fastargon2.VariantID, fastargon2.Version13, password, salt, 2, 128, 2, 32)
					if err != nil || !bytes.Equal(got, want) {
						t.Errorf("%v: %x, %v, want %x", name, got, err, want)
						return
					}
				}
			})
		}
		several.Wait()
		if kept := len(a.Kept()); kept > 2 {
			t.Errorf("%v: %d workers are kept", name, kept)
		}
	}
}

// Results do not change while the garbage collector runs without a pause, stacks
// grow and are moved, and goroutines are preempted within kernels.
func TestBesideGC(t *testing.T) {
	stop := make(chan struct{})
	var beside, several sync.WaitGroup
	var grow func(n int) int
	grow = func(n int) int {
		var frame [256]byte
		if n > 0 {
			frame[n%256] = byte(grow(n - 1))
		}
		return int(frame[n%256]) + 1
	}
	for n := range 2 {
		beside.Go(func() {
			var garbage [][]byte
			for {
				select {
				case <-stop:
					return
				default:
				}
				if garbage = append(garbage, make([]byte, 1<<16)); len(garbage) > 100 {
					garbage = nil
					runtime.GC()
				}
				grow(100 * n)
			}
		})
	}
	for _, name := range names() {
		a := fastargon2.New(fastargon2.Config{Fastest: name})
		for n := range 2 {
			password := fmt.Append(nil, "password ", n)
			want := argon2.IDKey(password, salt, 2, 4096, 1, 32)
			several.Go(func() {
				for range 4 {
					got, err := a.Key(fastargon2.VariantID, fastargon2.Version13, password, salt, 2, 4096, 1, 32)
					if err != nil || !bytes.Equal(got, want) {
						t.Errorf("%v: %x, %v, want %x", name, got, err, want)
					}
				}
			})
		}
	}
	several.Wait()
	close(stop)
	beside.Wait()
}

// A hash allocates its tag and nothing else, once there is a worker.
func TestAllocations(t *testing.T) {
	a := portable(fastargon2.Config{})
	key(t, a, 64)
	if n := testing.AllocsPerRun(20, func() { key(t, a, 64) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

package fastargon2_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/crypto/argon2"

	"github.com/passwd-go/passwd/fastargon2"
)

// randomInputs are of every kind, but small.
func randomInputs(rng *rand.Rand) fastargon2.Inputs {
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b
	}
	in := fastargon2.Inputs{
		Variant: fastargon2.VariantI + rng.Uint32N(2), Version: fastargon2.Version13,
		Password: random(rng.IntN(300)), Salt: random(8 + rng.IntN(200)),
		Passes: 1 + rng.Uint32N(4), Lanes: 1, Length: 4 + rng.Uint32N(60),
	}
	if rng.IntN(4) == 0 {
		in.Lanes = uint8(2 + rng.IntN(4))
	}
	in.Memory = uint32(in.Lanes) * (8 + rng.Uint32N(60))
	switch rng.IntN(20) {
	case 0:
		in.Length = 60 + rng.Uint32N(300)
	case 1: // more than one block of addresses, and than one run
		in.Memory = 500 + rng.Uint32N(2000)
	}
	return in
}

// sameAsXCrypto leaves the worker as dirty as it gets.
func sameAsXCrypto(t testing.TB, w fastargon2.Worker, run fastargon2.FillFunc, in fastargon2.Inputs) bool {
	t.Helper()
	key := argon2.IDKey
	if in.Variant == fastargon2.VariantI {
		key = argon2.Key
	}
	want := key(in.Password, in.Salt, in.Passes, in.Memory, in.Lanes, in.Length)
	got := w.Derive(run, in)
	if !bytes.Equal(got, want) {
		t.Errorf("%+v: %x, want %x", in, got, want)
	}
	return bytes.Equal(got, want)
}

// Everything is what x/crypto makes of it, on a matrix that earlier hashes have
// used, larger or smaller.
func TestAgainstXCrypto(t *testing.T) {
	every(t, func(t *testing.T, run fastargon2.FillFunc) {
		all := 1500
		if os.Getenv("PASSWD_TEST_LONG") != "" {
			all = 1_000_000
		}
		var several sync.WaitGroup
		for n := range runtime.GOMAXPROCS(0) {
			several.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(n), rand.Uint64()))
				w := fastargon2.NewWorker(nil, 2500)
				for range all / runtime.GOMAXPROCS(0) {
					if !sameAsXCrypto(t, w, run, randomInputs(rng)) {
						return
					}
				}
			})
		}
		several.Wait()
	})
}

// What x/crypto has not is what the portable function makes of it, which the
// vectors hold: Argon2d, version 16, secrets.
func TestAgainstGo(t *testing.T) {
	every(t, func(t *testing.T, run fastargon2.FillFunc) {
		rng := rand.New(rand.NewPCG(7, 8))
		dirty, other := fastargon2.NewWorker(nil, 2500), fastargon2.NewWorker(nil, 2500)
		for range 300 {
			in := randomInputs(rng)
			in.Variant, in.Version = rng.Uint32N(3), [...]uint32{fastargon2.Version10, fastargon2.Version13}[rng.IntN(2)]
			in.Secret, in.Data = in.Salt[1:], in.Password
			if got, want := dirty.Derive(run, in), other.Derive(fastargon2.FillGo, in); !bytes.Equal(got, want) {
				t.Fatalf("%+v: %x, want %x", in, got, want)
			}
		}
	})
}

// The portable function, which no CPU of today chooses for these, is right as well.
func TestGoAgainstXCrypto(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	w := fastargon2.NewWorker(nil, 2500)
	for range 300 {
		sameAsXCrypto(t, w, fastargon2.FillGo, randomInputs(rng))
	}
}

func FuzzKey(f *testing.F) {
	f.Add([]byte("password"), []byte("somesalt"), uint8(1), uint16(64), uint8(1), uint8(32), true)
	f.Add([]byte(""), []byte("somesaltsomesalt"), uint8(3), uint16(600), uint8(4), uint8(200), false)
	dirty := map[fastargon2.Kernel]fastargon2.Worker{}
	for name := range fastargon2.Kernels() {
		dirty[name] = fastargon2.NewWorker(nil, 2500)
	}
	f.Fuzz(func(t *testing.T, password, salt []byte, passes uint8, memory uint16, lanes, length uint8, id bool) {
		in := fastargon2.Inputs{
			Variant: fastargon2.VariantI, Version: fastargon2.Version13, Password: password, Salt: salt,
			Passes: 1 + uint32(passes)%4, Lanes: 1 + lanes%8, Length: 4 + uint32(length),
		}
		if id {
			in.Variant = fastargon2.VariantID
		}
		in.Memory = 8*uint32(in.Lanes) + uint32(memory)%2000
		for name, run := range fastargon2.Kernels() {
			sameAsXCrypto(t, dirty[name], run, in)
		}
	})
}

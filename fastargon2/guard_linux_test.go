package fastargon2_test

import (
	"math/rand/v2"
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/passwd-go/passwd/fastargon2"
)

// guarded returns memory between two pages that nobody may touch. Size is a multiple of
// the page size, so that one byte before or behind it is a fault.
func guarded(t testing.TB, size int) []byte {
	page := os.Getpagesize()
	if size%page != 0 {
		t.Fatalf("%d bytes are no whole pages", size)
	}
	all, err := unix.Mmap(-1, 0, size+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(all) })
	for _, guard := range [][]byte{all[:page], all[page+size:]} {
		if err := unix.Mprotect(guard, unix.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return all[page : page+size]
}

func guardedBlocks(t testing.TB, n int) []fastargon2.Block {
	return unsafe.Slice((*fastargon2.Block)(unsafe.Pointer(&guarded(t, 1024*n)[0])), n)
}

// No kernel reads or writes outside of the matrix, nor of tmp. A page has four
// blocks, so tmp is once the first and once the last of its page.
func TestKernelGuards(t *testing.T) {
	every(t, func(t *testing.T, run fastargon2.FillFunc) {
		rng := rand.New(rand.NewPCG(3, 4))
		matrix, page := guardedBlocks(t, 16), guardedBlocks(t, 4)
		words := guarded(t, os.Getpagesize())
		var word uint64
		for i := range 2000 {
			fillBlocks(rng, matrix)
			c := randomCall(rng, &word)
			if c.random != nil {
				c.random = (*uint64)(unsafe.Pointer(&words[[2]int{0, len(words) - 8}[i%2]]))
			}
			c.on(run, matrix, &page[3*(i/2%2)])
		}
	})
}

// The whole computation stays within a matrix that has a guard on either side.
func TestGuards(t *testing.T) {
	every(t, func(t *testing.T, run fastargon2.FillFunc) {
		rng := rand.New(rand.NewPCG(5, 6))
		for _, blocks := range []int{8, 12, 16, 64, 128, 260} {
			w := fastargon2.NewWorker(guardedBlocks(t, blocks), 0)
			for range 20 {
				in := randomInputs(rng)
				in.Memory = uint32(blocks)
				in.Lanes = 1
				if blocks%16 == 0 {
					in.Lanes = uint8(1 + rng.IntN(2))
				}
				sameAsXCrypto(t, w, run, in)
			}
		}
	})
}

package fastargon2_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/passwd-go/passwd/fastargon2"
)

// every runs a test for each kernel of the CPU.
func every(t *testing.T, test func(t *testing.T, run fastargon2.FillFunc)) {
	for name, run := range fastargon2.Kernels() {
		t.Run(name.String(), func(t *testing.T) { test(t, run) })
	}
}

// call is the arguments of a FillFunc, but for its matrix.
type call struct {
	random                                     *uint64
	dst, prev, ref, n, lane, size, first, area int
	xor                                        bool
}

func (c call) String() string { return fmt.Sprintf("%+v", struct{ call }{c}) }

func (c call) on(run fastargon2.FillFunc, matrix []fastargon2.Block, tmp *fastargon2.Block) int {
	return run(matrix, tmp, c.random, c.dst, c.prev, c.ref, c.n, c.lane, c.size, c.first, c.area, c.xor)
}

// blocks are random words, and those on which carries and multiplications end.
func fillBlocks(rng *rand.Rand, blocks []fastargon2.Block) {
	edges := [...]uint64{0, 1, 1 << 31, 1<<32 - 1, 1 << 32, 1 << 63, 1<<64 - 1}
	for i := range blocks {
		kind := rng.IntN(4)
		for j := range blocks[i] {
			switch {
			case kind == 0 || kind == 1 && rng.IntN(8) == 0:
				blocks[i][j] = edges[rng.IntN(len(edges))]
			default:
				blocks[i][j] = rng.Uint64()
			}
		}
	}
}

// randomCall computes n of 16 blocks: two lanes of 8.
func randomCall(rng *rand.Rand, word *uint64) call {
	c := call{lane: 8 * rng.IntN(2), size: 8, n: 1 + rng.IntN(4), xor: rng.IntN(2) == 0}
	c.dst = c.lane + 4 + rng.IntN(5-c.n)
	c.prev = c.dst - 1
	c.area = 1 + rng.IntN(3)
	c.first = rng.IntN(2)
	c.ref = c.lane + rng.IntN(4)
	switch rng.IntN(4) {
	case 0: // any other block, as for several lanes
		c.n = 1
		c.ref = rng.IntN(16)
		if c.ref == c.dst {
			c.ref = c.prev
		}
	case 1: // the area goes round the lane's end
		c.n, c.first, c.area = 1, 6, 1+rng.IntN(6)
	}
	if c.n == 1 && rng.IntN(2) == 0 {
		*word = rng.Uint64()
		c.random = word
	}
	// What it chooses in between must not be what it has not computed.
	for i := range c.n - 1 {
		if (c.first+c.area+i)+c.lane > c.dst+i+1 {
			c.n = i + 1
			break
		}
	}
	return c
}

// A kernel writes the blocks that it is told to, as the portable function does, and
// no other, and chooses the same block for the next one.
func TestKernel(t *testing.T) {
	every(t, func(t *testing.T, run fastargon2.FillFunc) {
		rng := rand.New(rand.NewPCG(1, 2))
		var tmp fastargon2.Block
		var word uint64
		for range 4000 {
			got := make([]fastargon2.Block, 16)
			fillBlocks(rng, got)
			want := slices.Clone(got)
			c := randomCall(rng, &word)
			gotNext, wantNext := c.on(run, got, &tmp), c.on(fastargon2.FillGo, want, &tmp)
			if gotNext != wantNext {
				t.Fatalf("%v: the next one refers to %d, want %d", c, gotNext, wantNext)
			}
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("%v: block %d differs", c, i)
				}
			}
		}
	})
}

// Blocks are a permutation of their words.
func TestPosition(t *testing.T) {
	var seen [128]bool
	for i := range seen {
		seen[fastargon2.Position(i)] = true
	}
	if slices.Contains(seen[:], false) {
		t.Errorf("%v", seen)
	}
	if fastargon2.Position(0) != 0 { // which kernels rely on
		t.Error("word 0 is not first")
	}
}

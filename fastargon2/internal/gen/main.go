// Command gen writes the block functions in assembly, and their Go declarations:
//
//	go run . -out ../../block_amd64.s -stubs ../../block_amd64.go -pkg fastargon2
//
// A block holds the 8 by 16 words of RFC 9106 §3.5, in the order of
// [position] of the package that it writes for: seen from low to high, the bits of a word's place are
// the two low bits of its column, the low bit of its row, the two high bits of
// its column, and the two high bits of its row. So 8 words in a row of memory are 4 columns of two
// neighbouring rows, and both rounds, that over rows and that over pairs of
// columns, find the words that they rotate in one register and those that they
// combine in different ones: nothing has to be transposed.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const blockSize = 1024

func main() {
	ConstraintExpr("!purego")
	avx2()
	avx512()
	Generate()
}

// lanes are the registers of parallel applications of G: a, b, c and d of each.
type lanes [4][]reg.VecVirtual

// target is an instruction set: how it rotates right, and what it calls the rest.
type target struct {
	rotate [4]func(x reg.VecVirtual) // by 32, 24, 16, 63
	mul    func(x, y, to operand.Op)
	add    func(x, y, to operand.Op)
	xor    func(x, y, to operand.Op)
	tmp    []reg.VecVirtual // one for each application
}

// g is GB of RFC 9106 §3.6, with all applications in step, so that none waits for
// the latency of another's multiplication.
func (t target) g(v lanes) {
	a, b, c, d := v[0], v[1], v[2], v[3]
	for half := range 2 {
		t.mix(a, b, d, t.rotate[2*half])
		t.mix(c, d, b, t.rotate[2*half+1])
	}
}

// mix is x += y + 2*low(x)*low(y); z = (z ^ x) rotated.
func (t target) mix(x, y, z []reg.VecVirtual, rotate func(reg.VecVirtual)) {
	for i := range x {
		t.mul(x[i], y[i], t.tmp[i])
	}
	for i := range x {
		t.add(x[i], y[i], x[i])
	}
	for i := range x {
		t.add(t.tmp[i], t.tmp[i], t.tmp[i])
	}
	for i := range x {
		t.add(x[i], t.tmp[i], x[i])
	}
	for i := range x {
		t.xor(z[i], x[i], z[i])
	}
	for i := range x {
		rotate(z[i])
	}
}

// arguments loads the pointers of block(dst, prev, ref, tmp *block, xor bool).
func arguments() (dst, prev, ref, tmp, xor reg.GPVirtual) {
	return load("dst"), load("prev"), load("ref"), load("tmp"), loadBool("xor")
}

func load(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

func loadBool(name string) reg.GPVirtual { return Load(Param(name), GP8()).(reg.GPVirtual) }

func at(base reg.GPVirtual, offset int) operand.Mem { return operand.Mem{Base: base, Disp: offset} }

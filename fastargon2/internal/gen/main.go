// Command gen writes the kernels in assembly, and their Go declarations; go generate
// in package fastargon2 runs it.
//
// A block has 8 rows of 16 words (RFC 9106 §3.5), in the order of the function
// position of that package: from the lowest, the bits of a word's place are the two
// low bits of its column, the low bit of its row, the high bits of its column, and
// the high bits of its row. The words that a round combines, in rows and in pairs of
// columns, are then in different registers, and those that it rotates in the same
// one, or with AVX2 in two: nothing has to be transposed.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
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

// round is P of RFC 9106 §3.6: G down the columns of a 4 by 4 matrix, then along
// its diagonals. Turning a, c and d makes columns of the diagonals; b, which G
// finishes last, stays.
func (t target) round(v lanes, rotate func(x reg.VecVirtual, by int)) {
	t.g(v)
	for i := range v[0] {
		rotate(v[0][i], 3)
		rotate(v[3][i], 2)
		rotate(v[2][i], 1)
	}
	t.g(v)
	for i := range v[0] {
		rotate(v[0][i], 1)
		rotate(v[3][i], 2)
		rotate(v[2][i], 3)
	}
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

// frame is the arguments of a fillFunc. Blocks are in registers by their addresses.
type frame struct {
	tmp, random, dst, prev, ref, n, area reg.GPVirtual
	index, next                          reg.GPVirtual // the choice
	matrix, lane, size, first, xor       operand.Mem
}

func begin(name, doc string) frame {
	TEXT(name, NOSPLIT, "func(matrix [][128]uint64, tmp *[128]uint64, random *uint64, dst, prev, ref, n, lane, size, first, area int, xor bool) int")
	Doc(doc)
	Pragma("noescape")
	f := frame{
		random: load("random"), dst: load("dst"), prev: load("prev"), ref: load("ref"), n: load("n"), area: load("area"),
		index: GP64(), next: GP64(),
		matrix: argument(Param("matrix").Base()), lane: argument(Param("lane")), size: argument(Param("size")),
		first: argument(Param("first")), xor: argument(Param("xor")),
	}
	for _, b := range []reg.GPVirtual{f.dst, f.prev, f.ref} {
		f.address(b)
	}
	// Without random, it is word 0 of dst.
	TESTQ(f.random, f.random)
	CMOVQEQ(f.dst, f.random)
	return f
}

func load(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

func argument(c gotypes.Component) operand.Mem {
	basic, err := c.Resolve()
	if err != nil {
		panic(err)
	}
	return basic.Addr
}

// address turns the number of a block into its address.
func (f frame) address(b reg.GPVirtual) {
	SHLQ(operand.U8(10), b)
	ADDQ(f.matrix, b)
}

// unlessXor jumps to a label if dst is to be overwritten.
func (f frame) unlessXor(label string) {
	CMPB(f.xor, operand.U8(0))
	JE(operand.LabelRef(label))
}

// choose maps the pseudo-random word to the block that the next one refers to (RFC 9106
// §3.4.2), and fetches it.
func (f frame) choose() {
	j := GP64()
	MOVL(at(f.random, 0), j.As32())
	IMULQ(j, j)
	SHRQ(operand.U8(32), j)
	IMULQ(f.area, j)
	SHRQ(operand.U8(32), j)
	MOVQ(f.first, f.index)
	ADDQ(f.area, f.index)
	SUBQ(operand.U8(1), f.index)
	SUBQ(j, f.index)
	MOVQ(f.index, j)
	SUBQ(f.size, j)
	CMOVQCC(j, f.index)
	ADDQ(f.lane, f.index)
	MOVQ(f.index, f.next)
	f.address(f.next)
	for line := range blockSize / 64 {
		PREFETCHT0(at(f.next, 64*line))
	}
}

// end goes on with the next block, or returns.
func (f frame) end(again string) {
	MOVQ(f.dst, f.prev)
	ADDQ(operand.U32(blockSize), f.dst)
	ADDQ(operand.U32(blockSize), f.random)
	MOVQ(f.next, f.ref)
	INCQ(f.area)
	DECQ(f.n)
	JNZ(operand.LabelRef(again))
	Store(f.index, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

func at(base reg.GPVirtual, offset int) operand.Mem { return operand.Mem{Base: base, Disp: offset} }

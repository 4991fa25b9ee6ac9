package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// avx512 holds the whole block in 16 registers: register 4*r + j has the columns
// 4*j to 4*j+3 of the rows 2*r and 2*r+1.
func avx512() {
	TEXT("blockAVX512", NOSPLIT, "func(dst, prev, ref, tmp *[128]uint64, xor bool)")
	Doc("blockAVX512 is a blockFunc for CPUs with AVX-512 F. It leaves tmp alone.")
	Pragma("noescape")
	dst, prev, ref := load("dst"), load("prev"), load("ref")
	xor := loadBool("xor")

	var v [4][4]reg.VecVirtual
	for n := range 16 {
		v[n/4][n%4] = ZMM()
		VMOVDQU64(at(prev, 64*n), v[n/4][n%4])
	}
	for n := range 16 {
		VPXORQ(at(ref, 64*n), v[n/4][n%4], v[n/4][n%4])
	}
	t := target{mul: vpmuludq, add: vpaddq, xor: vpxorq}
	for i, by := range []uint64{32, 24, 16, 63} {
		t.rotate[i] = func(x reg.VecVirtual) { VPRORQ(operand.U8(by), x, x) }
	}
	for range 4 {
		t.tmp = append(t.tmp, ZMM())
	}

	// The rows: 4 registers have two of them. The words to rotate are the
	// neighbours in half a register.
	rows := lanes{}
	for j := range 4 {
		for r := range 4 {
			rows[j] = append(rows[j], v[r][j])
		}
	}
	t.round(rows, func(x reg.VecVirtual, by int) {
		VPERMQ(operand.U8([]uint64{1: 0x39, 2: 0x4e, 3: 0x93}[by]), x, x)
	})

	// The columns: the words to rotate are, of each pair in half a register and the
	// pair in the same place of the other half, the four.
	forward, back := indices("forward", 1), indices("back", 3)
	columns := lanes(v2(v))
	t.round(columns, func(x reg.VecVirtual, by int) {
		switch by {
		case 1:
			VPERMQ(x, forward, x)
		case 2:
			VSHUFI64X2(operand.U8(0x4e), x, x, x)
		case 3:
			VPERMQ(x, back, x)
		}
	})

	TESTB(xor, xor)
	JZ(operand.LabelRef("done512"))
	for n := range 16 {
		VPXORQ(at(dst, 64*n), v[n/4][n%4], v[n/4][n%4])
	}
	Label("done512")
	for n := range 16 {
		x := t.tmp[n%4]
		VMOVDQU64(at(prev, 64*n), x)
		VPTERNLOGQ(operand.U8(0x96), at(ref, 64*n), x, v[n/4][n%4])
		VMOVDQU64(v[n/4][n%4], at(dst, 64*n))
	}
	VZEROUPPER()
	RET()
}

func v2(v [4][4]reg.VecVirtual) (c [4][]reg.VecVirtual) {
	for r := range 4 {
		c[r] = v[r][:]
	}
	return c
}

// round is P of RFC 9106 §3.6: G down the columns of a 4 by 4 matrix, then along
// its diagonals. The diagonals are brought into columns by turning a, c and d, as b
// is what the first half finishes last.
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

// indices are those of a permutation that gives the k-th of four words the place of the word
// that is by further.
func indices(name string, by int) reg.VecVirtual {
	data := GLOBL(name, RODATA|NOPTR)
	for lane := range 8 {
		k := lane>>1&2 | lane&1
		from := (k + by) & 3
		DATA(8*lane, operand.U64(from>>1<<2|lane&2|from&1))
	}
	z := ZMM()
	VMOVDQU64(data, z)
	return z
}

func vpmuludq(x, y, to operand.Op) { VPMULUDQ(x, y, to) }
func vpaddq(x, y, to operand.Op)   { VPADDQ(x, y, to) }
func vpxorq(x, y, to operand.Op)   { VPXORQ(x, y, to) }
func vpxor(x, y, to operand.Op)    { VPXOR(x, y, to) }

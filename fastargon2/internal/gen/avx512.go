package main

import (
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// avx512 holds the whole block in 16 registers: register 4*r + j has the columns
// 4*j to 4*j+3 of the rows 2*r and 2*r+1. They keep it for the next block.
func avx512() {
	f := begin("fillAVX512", "fillAVX512 is a fillFunc for CPUs with AVX-512 F. It leaves tmp alone.")

	t := target{mul: vpmuludq, add: vpaddq, xor: vpxorq}
	for i, by := range []uint64{32, 24, 16, 63} {
		t.rotate[i] = func(x reg.VecVirtual) { VPRORQ(operand.U8(by), x, x) }
	}
	for range 4 {
		t.tmp = append(t.tmp, ZMM())
	}
	forward, back := indices("forward", 1), indices("back", 3)
	var v [16]reg.VecVirtual
	for n := range v {
		v[n] = ZMM()
		VMOVDQU64(at(f.prev, 64*n), v[n])
	}

	Label("block512")
	for n := range v {
		VPXORQ(at(f.ref, 64*n), v[n], v[n])
	}
	// The rows: 4 registers have two of them. The words to rotate are the
	// neighbours in half a register.
	var rows lanes
	for n := range v {
		rows[n%4] = append(rows[n%4], v[n])
	}
	t.round(rows, func(x reg.VecVirtual, by int) {
		VPERMQ(operand.U8([]uint64{1: 0x39, 2: 0x4e, 3: 0x93}[by]), x, x)
	})

	// The columns: the four words to rotate are two neighbours of one half and those
	// in the same place of the other.
	turn := func(x reg.VecVirtual, by int) {
		switch by {
		case 1:
			VPERMQ(x, forward, x)
		case 2:
			VSHUFI64X2(operand.U8(0x4e), x, x, x)
		case 3:
			VPERMQ(x, back, x)
		}
	}
	// The columns of word 0 come first: it chooses the block that is needed next, which
	// is then on its way while the others are computed.
	t.columns512(f, v, turn, 0, 1)
	f.choose()
	t.columns512(f, v, turn, 1, 4)
	f.end("block512")
}

// columns512 computes the columns 4*from to 4*to-1 and puts them into dst.
func (t target) columns512(f frame, v [16]reg.VecVirtual, turn func(reg.VecVirtual, int), from, to int) {
	var columns lanes
	for r := range columns {
		columns[r] = v[4*r+from : 4*r+to]
	}
	t.round(columns, turn)
	done := "over512_" + strconv.Itoa(from)
	f.unlessXor(done)
	for n := range v {
		if from <= n%4 && n%4 < to {
			VPXORQ(at(f.dst, 64*n), v[n], v[n])
		}
	}
	Label(done)
	for n := range v {
		if from <= n%4 && n%4 < to {
			x := t.tmp[n/4]
			VMOVDQU64(at(f.prev, 64*n), x)
			VPTERNLOGQ(operand.U8(0x96), at(f.ref, 64*n), x, v[n])
			VMOVDQU64(v[n], at(f.dst, 64*n))
		}
	}
}

// indices are a permutation by which each of the four words of a column gets the
// value of the one by further.
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

package main

import (
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// avx2 has a quarter of the block in registers at a time: in the first loop two
// rows, 256 bytes in one piece; in the second two pairs of columns, 64 bytes of
// each of these pieces. Between the loops the block is in tmp.
func avx2() {
	f := begin("fillAVX2", "fillAVX2 is a fillFunc for CPUs with AVX2.")
	f.tmp = load("tmp")
	t := target{mul: vpmuludq, add: vpaddq, xor: vpxor, tmp: []reg.VecVirtual{YMM(), YMM()}}
	by24, by16 := byteRotation(24), byteRotation(16)
	t.rotate = [4]func(reg.VecVirtual){
		func(x reg.VecVirtual) { VPSHUFD(operand.U8(0xb1), x, x) },
		func(x reg.VecVirtual) { VPSHUFB(by24, x, x) },
		func(x reg.VecVirtual) { VPSHUFB(by16, x, x) },
		func(x reg.VecVirtual) {
			VPADDQ(x, x, t.tmp[0])
			VPSRLQ(operand.U8(63), x, x)
			VPXOR(t.tmp[0], x, x)
		},
	}
	var v lanes
	for i := range v {
		v[i] = []reg.VecVirtual{YMM(), YMM()}
	}

	offset := GP64()

	Label("block")
	XORQ(offset, offset)
	// Row 2*n is at 0, 64, 128 and 192 of piece n, row 2*n+1 behind it.
	Label("rows")
	for i := range 8 {
		VMOVDQU(indexed(f.prev, offset, 32*i), v[i/2][i%2])
	}
	for i := range 8 {
		VPXOR(indexed(f.ref, offset, 32*i), v[i/2][i%2], v[i/2][i%2])
	}
	t.round(v, func(x reg.VecVirtual, by int) {
		VPERMQ(operand.U8([]uint64{1: 0x39, 2: 0x4e, 3: 0x93}[by]), x, x)
	})
	for i := range 8 {
		VMOVDQU(v[i/2][i%2], indexed(f.tmp, offset, 32*i))
	}
	ADDQ(operand.U32(256), offset)
	CMPQ(offset, operand.U32(blockSize))
	JNE(operand.LabelRef("rows"))

	// Each of a, b, c and d has four words of two columns in two registers, the
	// words of a column two by two.
	XORQ(offset, offset)
	Label("columns")
	place := func(base reg.GPVirtual, i int) operand.Mem { return indexed(base, offset, 256*(i/2)+32*(i%2)) }
	for i := range 8 {
		VMOVDQU(place(f.tmp, i), v[i/2][i%2])
	}
	t.g(v)
	turn(v[0], t.tmp, -1)
	turn(v[2], t.tmp, 1)
	v[3][0], v[3][1] = v[3][1], v[3][0]
	t.g(v)
	turn(v[0], t.tmp, 1)
	turn(v[2], t.tmp, -1)
	v[3][0], v[3][1] = v[3][1], v[3][0]
	f.unlessXor("over")
	for i := range 8 {
		VPXOR(place(f.dst, i), v[i/2][i%2], v[i/2][i%2])
	}
	Label("over")
	for i := range 8 {
		VPXOR(place(f.prev, i), v[i/2][i%2], v[i/2][i%2])
	}
	for i := range 8 {
		VPXOR(place(f.ref, i), v[i/2][i%2], v[i/2][i%2])
	}
	for i := range 8 {
		VMOVDQU(v[i/2][i%2], place(f.dst, i))
	}
	TESTQ(offset, offset)
	JNZ(operand.LabelRef("chosen"))
	f.choose()
	Label("chosen")
	ADDQ(operand.U8(64), offset)
	CMPQ(offset, operand.U32(256))
	JNE(operand.LabelRef("columns"))
	f.end("block")
}

// turn rotates the four words of a column, which are in two registers: each gets
// the place of the one by further.
func turn(x, tmp []reg.VecVirtual, by int) {
	VPALIGNR(operand.U8(8), x[0], x[1], tmp[0])
	VPALIGNR(operand.U8(8), x[1], x[0], x[1])
	x[0], tmp[0] = tmp[0], x[0]
	if by < 0 {
		x[0], x[1] = x[1], x[0]
	}
}

func indexed(base, index reg.GPVirtual, offset int) operand.Mem {
	return operand.Mem{Base: base, Index: index, Scale: 1, Disp: offset}
}

// byteRotation is the permutation of VPSHUFB that rotates every word right.
func byteRotation(bits int) reg.VecVirtual {
	data := GLOBL("rotate"+strconv.Itoa(bits), RODATA|NOPTR)
	for i := range 32 {
		DATA(i, operand.U8(i&^7|(i+bits/8)&7))
	}
	y := YMM()
	VMOVDQU(data, y)
	return y
}

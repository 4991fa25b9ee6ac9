package fastargon2

import "math/bits"

// block is a block of the matrix: 8 rows of 16 words (RFC 9106 §3.6), in the order of
// position.
type block = [128]uint64

// position is where a block has word i, which is word i%16 of row i/16. From the
// lowest bit, the bits of i are those of the column, c0 to c3, and of the row, r0
// to r2; those of the position are c0 c1 r0 c2 c3 r1 r2. What each round rotates,
// the neighbours by c0 and c1 in a row, by c0 and r0 in a pair of columns, is then
// within 8 words, one register of 512 bits, and nothing has to be transposed.
func position(i int) int { return i&0b1100011 | i&0b0001100<<1 | i&0b0010000>>2 }

// fillFunc computes n blocks of the matrix, from dst on, and returns the number of
// the block that the one behind them refers to.
//
// Block dst is set to G(prev, ref), or with xor to dst XOR G(prev, ref) (RFC 9106
// §3.5). The next one has this one as its prev. Its ref is one of the area blocks that
// begin with number first of the lane, which is size blocks from number lane on, and
// goes round; it is chosen by random, or if that is nil by word 0 of dst (§3.4.2), and
// the area grows by one with each block. With random, n is 1.
//
// It may write to tmp, which the caller wipes as it does all blocks. No dst is a ref.
type fillFunc func(matrix []block, tmp *block, random *uint64, dst, prev, ref, n, lane, size, first, area int, xor bool) int

// fillGo is the fillFunc for every CPU.
func fillGo(matrix []block, tmp *block, random *uint64, dst, prev, ref, n, lane, size, first, area int, xor bool) int {
	for range n {
		compress(&matrix[dst], &matrix[prev], &matrix[ref], tmp, xor)
		word := matrix[dst][0]
		if random != nil {
			word = *random
		}
		ref = lane + choose(word, first, area, size)
		prev = dst
		dst++
		area++
	}
	return ref
}

// choose maps a pseudo-random word to a block of an area (RFC 9106 §3.4.2).
func choose(random uint64, first, area, size int) int {
	j := random & 0xffffffff
	n := first + area - 1 - int(uint64(area)*(j*j>>32)>>32)
	if n >= size {
		n -= size
	}
	return n
}

// compress sets dst to G(prev, ref), or to dst XOR G(prev, ref).
func compress(dst, prev, ref, tmp *block, xor bool) {
	for i := range tmp {
		at := position(i)
		tmp[i] = prev[at] ^ ref[at]
	}
	for i := 0; i < 128; i += 16 {
		permute(&tmp[i], &tmp[i+1], &tmp[i+2], &tmp[i+3], &tmp[i+4], &tmp[i+5], &tmp[i+6], &tmp[i+7],
			&tmp[i+8], &tmp[i+9], &tmp[i+10], &tmp[i+11], &tmp[i+12], &tmp[i+13], &tmp[i+14], &tmp[i+15])
	}
	for i := 0; i < 16; i += 2 {
		permute(&tmp[i], &tmp[i+1], &tmp[i+16], &tmp[i+17], &tmp[i+32], &tmp[i+33], &tmp[i+48], &tmp[i+49],
			&tmp[i+64], &tmp[i+65], &tmp[i+80], &tmp[i+81], &tmp[i+96], &tmp[i+97], &tmp[i+112], &tmp[i+113])
	}
	for i := range tmp {
		at := position(i)
		word := tmp[i] ^ prev[at] ^ ref[at]
		if xor {
			word ^= dst[at]
		}
		dst[at] = word
	}
}

// permute is the permutation P (RFC 9106 §3.6).
func permute(p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15 *uint64) {
	v0, v1, v2, v3 := *p0, *p1, *p2, *p3
	v4, v5, v6, v7 := *p4, *p5, *p6, *p7
	v8, v9, v10, v11 := *p8, *p9, *p10, *p11
	v12, v13, v14, v15 := *p12, *p13, *p14, *p15

	v0, v4, v8, v12 = mix(v0, v4, v8, v12)
	v1, v5, v9, v13 = mix(v1, v5, v9, v13)
	v2, v6, v10, v14 = mix(v2, v6, v10, v14)
	v3, v7, v11, v15 = mix(v3, v7, v11, v15)

	v0, v5, v10, v15 = mix(v0, v5, v10, v15)
	v1, v6, v11, v12 = mix(v1, v6, v11, v12)
	v2, v7, v8, v13 = mix(v2, v7, v8, v13)
	v3, v4, v9, v14 = mix(v3, v4, v9, v14)

	*p0, *p1, *p2, *p3 = v0, v1, v2, v3
	*p4, *p5, *p6, *p7 = v4, v5, v6, v7
	*p8, *p9, *p10, *p11 = v8, v9, v10, v11
	*p12, *p13, *p14, *p15 = v12, v13, v14, v15
}

// mix is GB (RFC 9106 §3.6).
func mix(a, b, c, d uint64) (uint64, uint64, uint64, uint64) {
	a = multiplyAdd(a, b)
	d = bits.RotateLeft64(d^a, -32)
	c = multiplyAdd(c, d)
	b = bits.RotateLeft64(b^c, -24)
	a = multiplyAdd(a, b)
	d = bits.RotateLeft64(d^a, -16)
	c = multiplyAdd(c, d)
	b = bits.RotateLeft64(b^c, -63)
	return a, b, c, d
}

func multiplyAdd(x, y uint64) uint64 { return x + y + 2*uint64(uint32(x))*uint64(uint32(y)) }

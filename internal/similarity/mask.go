package similarity

import "math/bits"

// mask is a set of positions from 0 to 127.
type mask struct{ lo, hi uint64 }

func bit(i int) mask {
	if i < 64 {
		return mask{lo: 1 << i}
	}
	return mask{hi: 1 << (i - 64)}
}

// span is the positions from one up to, but not including, another.
func span(from, to int) mask {
	var m mask
	for i := from; i < to; i++ {
		m = m.or(bit(i))
	}
	return m
}

func (m mask) zero() bool          { return m.lo|m.hi == 0 }
func (m mask) has(i int) bool      { return !m.and(bit(i)).zero() }
func (m mask) and(o mask) mask     { return mask{m.lo & o.lo, m.hi & o.hi} }
func (m mask) or(o mask) mask      { return mask{m.lo | o.lo, m.hi | o.hi} }
func (m mask) count() int          { return bits.OnesCount64(m.lo) + bits.OnesCount64(m.hi) }
func (m mask) without(o mask) mask { return mask{m.lo &^ o.lo, m.hi &^ o.hi} }
func (m mask) shl(n int) mask      { return mask{m.lo << (n & 63), m.hi<<(n&63) | m.lo>>(64-n&63)} } // n from 1 to 63
func (m mask) shr(n int) mask      { return mask{m.lo>>(n&63) | m.hi<<(64-n&63), m.hi >> (n & 63)} } // n from 1 to 63

// spread returns m with the n-1 positions before each of its own.
func (m mask) spread(n int) mask {
	for width := 1; width < n && !m.zero(); {
		step := min(width, n-width)
		m = m.or(m.shr(step))
		width += step
	}
	return m
}

package fastargon2

import "sync"

// fill computes the matrix, the lanes of a slice at the same time.
func (w *worker) fill() {
	for pass := range w.passes {
		for slice := range uint32(sliceCount) {
			if w.lanes == 1 {
				w.fillSegment(pass, slice, 0)
				continue
			}
			var lanes sync.WaitGroup
			for lane := range w.lanes {
				lanes.Go(func() { w.fillSegment(pass, slice, lane) })
			}
			lanes.Wait()
		}
	}
}

// fillSegment computes a slice of a lane (RFC 9106 §3.4).
func (w *worker) fillSegment(pass, slice, lane uint32) {
	s := &w.scratch[lane]
	independent := w.variant == VariantI || w.variant == VariantID && pass == 0 && slice < sliceCount/2
	if independent {
		s.count(pass, lane, slice, uint32(len(w.matrix)), w.passes, uint32(w.variant))
	}
	current := lane*w.lane + slice*w.segment
	previous := current - 1
	if slice == 0 {
		previous += w.lane
	}
	xor := pass > 0 && w.version != version10
	for i := range w.segment {
		if independent && i%128 == 0 {
			s.next(w.compress)
		}
		if pass > 0 || slice > 0 || i > 1 { // else start has made it
			random := w.matrix[previous][0]
			if independent {
				random = s.addresses[position(int(i%128))]
			}
			ref := w.reference(random, pass, slice, lane, i)
			w.compress(&w.matrix[current], &w.matrix[previous], &w.matrix[ref], &s.tmp, xor)
		}
		previous = current
		current++
	}
}

// count sets what the addresses of a segment are made of (RFC 9106 §3.4.1.2).
func (s *scratch) count(words ...uint32) {
	s.counter = block{}
	for i, word := range words {
		s.counter[position(i)] = uint64(word)
	}
}

// next makes the next 128 addresses.
func (s *scratch) next(compress blockFunc) {
	s.counter[position(6)]++
	compress(&s.middle, &s.zero, &s.counter, &s.tmp, false)
	compress(&s.addresses, &s.zero, &s.middle, &s.tmp, false)
}

// reference maps a pseudo-random word to the block that block i of the segment
// refers to (RFC 9106 §3.4.2).
func (w *worker) reference(random uint64, pass, slice, lane, i uint32) uint32 {
	from := lane
	if w.lanes > 1 && (pass > 0 || slice > 0) {
		from = uint32(random>>32) % w.lanes
	}
	// The area has the finished slices: in the first pass those before this one,
	// later the three that this one follows.
	first, area := uint32(0), slice*w.segment
	if pass > 0 {
		area = w.lane - w.segment
		if slice < sliceCount-1 {
			first = (slice + 1) * w.segment
		}
	}
	// Of its own lane also what is finished of this slice, but never the previous block.
	switch {
	case from == lane:
		area += i - 1
	case i == 0:
		area--
	}
	j := random & 0xffffffff
	at := first + area - 1 - uint32(uint64(area)*(j*j>>32)>>32)
	if at >= w.lane {
		at -= w.lane
	}
	return from*w.lane + at
}

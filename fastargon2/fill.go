package fastargon2

import "sync"

// runLength bounds the blocks that are computed before the garbage collector may
// stop the goroutine, to about 10 µs.
const runLength = 64

// fill computes the matrix.
func (w *worker) fill() {
	for pass := range int(w.passes) {
		for slice := range sliceCount {
			if w.lanes == 1 {
				w.fillSegment(pass, slice, 0)
			} else {
				w.fillSlice(pass, slice)
			}
		}
	}
}

// fillSlice computes a slice of all lanes at the same time.
func (w *worker) fillSlice(pass, slice int) {
	var lanes sync.WaitGroup
	for lane := range int(w.lanes) {
		lanes.Go(func() { w.fillSegment(pass, slice, lane) })
	}
	lanes.Wait()
}

// fillSegment computes a slice of a lane (RFC 9106 §3.4).
func (w *worker) fillSegment(pass, slice, lane int) {
	s := &w.scratch[lane]
	independent := w.variant == VariantI || w.variant == VariantID && pass == 0 && slice < sliceCount/2
	if independent {
		s.count(pass, lane, slice, len(w.matrix), int(w.passes), int(w.variant))
	}
	start := 0
	if pass == 0 && slice == 0 {
		start = 2 // which are there
	}
	first, finished := w.finished(pass, slice)
	begin := lane*w.lane + slice*w.segment
	xor := pass > 0 && w.version != Version10
	ref, chosen := 0, false
	for i := start; i < w.segment; {
		dst, prev := begin+i, begin+i-1
		if slice == 0 && i == 0 {
			prev += w.lane
		}
		word := w.matrix[prev][0]
		if independent {
			if i == start || i%128 == 0 {
				s.next(w.run)
			}
			word = *s.address(i)
		}
		if !chosen {
			ref = w.reference(word, pass, slice, lane, i)
		}
		// With one lane, the choice of the next block can be made early.
		n, random := 1, (*uint64)(nil)
		switch {
		case w.lanes > 1:
		case independent:
			random, chosen = s.address(i+1), (i+1)%128 != 0
		default:
			n, chosen = min(runLength, w.segment-i), true
		}
		ref = w.run(w.matrix, &s.tmp, random, dst, prev, ref, n, lane*w.lane, w.lane, first, finished+i, xor)
		i += n
	}
}

// count sets what the addresses of a segment are made of (RFC 9106 §3.4.1.2).
func (s *scratch) count(words ...int) {
	s.blocks[counter] = block{}
	for i, word := range words {
		s.blocks[counter][position(i)] = uint64(word)
	}
}

// next makes the next 128 addresses.
func (s *scratch) next(run fillFunc) {
	s.blocks[counter][position(6)]++
	for _, in := range [...]int{counter, middle} {
		run(s.blocks[:], &s.tmp, nil, in+1, zero, in, 1, 0, len(s.blocks), 0, len(s.blocks), false)
	}
}

func (s *scratch) address(i int) *uint64 { return &s.blocks[addresses][position(i%128)] }

// finished is the area of the lane that is in finished slices: in the first pass
// those before this one, later the three that this one follows.
func (w *worker) finished(pass, slice int) (first, area int) {
	switch {
	case pass == 0:
		return 0, slice * w.segment
	case slice == sliceCount-1:
		return 0, w.lane - w.segment
	}
	return (slice + 1) * w.segment, w.lane - w.segment
}

// reference maps a pseudo-random word to the block that block i of the segment
// refers to (RFC 9106 §3.4.2).
func (w *worker) reference(random uint64, pass, slice, lane, i int) int {
	from := lane
	if w.lanes > 1 && (pass > 0 || slice > 0) {
		from = int(uint32(random>>32) % w.lanes)
	}
	first, area := w.finished(pass, slice)
	switch { // never the previous block
	case from == lane:
		area += i - 1 // and what is finished of this slice
	case i == 0:
		area--
	}
	return from*w.lane + choose(random, first, area, w.lane)
}

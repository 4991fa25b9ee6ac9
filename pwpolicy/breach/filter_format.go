package breach

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/bits"
)

// A filter file, all numbers little-endian:
//
//	header   64 bytes, see below
//	index    for each bucket, and for the end, the offset in the data: 8 bytes
//	data     the buckets
//
// The first bucketBits of a hash are the number of its bucket, the restBits that
// follow are what is kept of it: as the difference to the one before in the bucket,
// Golomb-Rice coded with riceBits, since the differences of evenly spread numbers
// are distributed geometrically. A bucket is
//
//	CRC-32C of its number (8 bytes) and of what follows   4 bytes
//	number of entries                                     2 bytes
//	entries, as bits from the highest of the first byte on
//
// so a filter can be written in one pass over an ordered corpus, in the order of
// the file, and each bucket proves itself.
type header struct {
	algorithm  Algorithm
	bucketBits uint8
	restBits   uint8
	riceBits   uint8
	minCount   uint32
	entries    uint64
	dataSize   uint64
}

const (
	magic         = "pwnedflt"
	filterVersion = 1
	headerSize    = 64
	offsetSize    = 8
	bucketHeader  = 4 + 2
	maxBucket     = 64 << 10 // bytes
	perBucket     = 256      // entries, at most on average
	maxBucketBits = 28       // 2^36 passwords
	maxRestBits   = 48
	minBits       = 4
	maxBits       = 32
)

// newHeader lays out a filter for about n entries of which one in 2^k is
// found by mistake.
func newHeader(a Algorithm, entries uint64, k int, minCount int) header {
	total := bits.Len64(max(entries, 1) - 1) // 2^total ≥ entries
	h := header{algorithm: a, minCount: uint32(minCount)}
	h.bucketBits = uint8(min(max(total-bits.Len(perBucket-1), 0), maxBucketBits))
	h.restBits = uint8(total + k - int(h.bucketBits))
	h.riceBits = riceBits(math.Exp2(float64(total+k)) / float64(max(entries, 1)))
	return h
}

// riceBits returns the parameter with the shortest code for numbers that are
// distributed geometrically with that mean.
func riceBits(mean float64) uint8 {
	best, shortest := 0, math.Inf(1)
	for r := range 40 {
		high := -math.Expm1(math.Exp2(float64(r)) * math.Log1p(-1/max(mean, 1.000001)))
		if length := float64(r) + 1/high; length < shortest {
			best, shortest = r, length
		}
	}
	return uint8(best)
}

func (h header) buckets() uint64           { return 1 << h.bucketBits }
func (h header) index(number uint64) int64 { return headerSize + int64(number)*offsetSize }
func (h header) data() int64               { return h.index(h.buckets() + 1) }
func (h header) size() int64               { return h.data() + int64(h.dataSize) }

// split returns the number of the bucket of a hash, and what is kept of the rest.
func (h header) split(d digest) (number, rest uint64) {
	top := d.top() >> (64 - h.bucketBits - h.restBits)
	return top >> h.restBits, top & (1<<h.restBits - 1)
}

// first returns the lowest hash of a bucket.
func (h header) first(number uint64) (d digest) {
	binary.BigEndian.PutUint64(d[:], number<<(64-h.bucketBits))
	return d
}

func (h header) bytes() []byte {
	b := make([]byte, headerSize)
	copy(b, magic)
	binary.LittleEndian.PutUint16(b[8:], filterVersion)
	b[10], b[11], b[12], b[13] = byte(h.algorithm), h.bucketBits, h.restBits, h.riceBits
	binary.LittleEndian.PutUint32(b[16:], h.minCount)
	binary.LittleEndian.PutUint64(b[24:], h.entries)
	binary.LittleEndian.PutUint64(b[32:], h.dataSize)
	binary.LittleEndian.PutUint32(b[headerSize-4:], crc32.Checksum(b[:headerSize-4], castagnoli()))
	return b
}

func parseHeader(b []byte) (header, error) {
	switch {
	case !bytes.HasPrefix(b, []byte(magic)):
		return header{}, corrupt("it is no filter")
	case binary.LittleEndian.Uint16(b[8:]) != filterVersion:
		return header{}, corrupt("the filter is of version %d, not %d: build it again",
			binary.LittleEndian.Uint16(b[8:]), filterVersion)
	case crc32.Checksum(b[:headerSize-4], castagnoli()) != binary.LittleEndian.Uint32(b[headerSize-4:]):
		return header{}, corrupt("the filter's header is damaged")
	}
	h := header{
		algorithm: Algorithm(b[10]), bucketBits: b[11], restBits: b[12], riceBits: b[13],
		minCount: binary.LittleEndian.Uint32(b[16:]),
		entries:  binary.LittleEndian.Uint64(b[24:]), dataSize: binary.LittleEndian.Uint64(b[32:]),
	}
	if !h.algorithm.valid() || h.bucketBits > maxBucketBits || h.restBits == 0 || h.restBits > maxRestBits ||
		int(h.bucketBits)+int(h.restBits) > 64 || h.riceBits > h.restBits ||
		h.minCount == 0 || h.minCount > math.MaxInt32 || h.dataSize > math.MaxInt64/2 {
		return header{}, corrupt("the filter's header is not possible")
	}
	return h, nil
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) } // made once

func appendOffset(b []byte, offset uint64) []byte { return binary.LittleEndian.AppendUint64(b, offset) }

func parseOffsets(b []byte) (begin, end uint64) {
	return binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[offsetSize:])
}

func checksum(number uint64, bucket []byte) uint32 {
	var n [8]byte
	binary.LittleEndian.PutUint64(n[:], number)
	return crc32.Update(crc32.Checksum(n[:], castagnoli()), castagnoli(), bucket[4:])
}

func intact(number uint64, bucket []byte) bool {
	return checksum(number, bucket) == binary.LittleEndian.Uint32(bucket)
}

// encode appends a bucket of ascending entries to b. It returns false if that is
// too large.
func (h header) encode(b []byte, number uint64, entries []uint64) ([]byte, bool) {
	if len(entries) > math.MaxUint16 {
		return b, false
	}
	start := len(b)
	b = append(b, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(entries)))
	w := bitWriter{bytes: b}
	next := uint64(0) // the lowest that the next entry can be
	for _, e := range entries {
		delta := e - next
		if delta>>h.riceBits > maxBucket*8 {
			return b, false
		}
		high := delta >> h.riceBits
		for ; high >= 32; high -= 32 {
			w.write(1<<32-1, 32)
		}
		w.write(1<<(high+1)-2, uint8(high+1)) // high+1 ones and a zero
		w.write(delta&(1<<h.riceBits-1), h.riceBits)
		next = e + 1
	}
	b = w.flush()
	binary.LittleEndian.PutUint32(b[start:], checksum(number, b[start:]))
	return b, len(b)-start <= maxBucket
}

// decode calls visit for each entry of a bucket, ascending, until it returns false.
func (h header) decode(bucket []byte, visit func(entry uint64) bool) error {
	r := bitReader{bytes: bucket[bucketHeader:]}
	limit := uint64(1) << h.restBits
	next := uint64(0)
	for range binary.LittleEndian.Uint16(bucket[4:]) {
		high, ok := r.ones()
		low, ok2 := r.read(h.riceBits)
		if !ok || !ok2 || high >= limit>>h.riceBits {
			return corrupt("a bucket of the filter cannot be decoded")
		}
		entry := next + (high<<h.riceBits | low)
		if entry >= limit {
			return corrupt("a bucket of the filter cannot be decoded")
		}
		if !visit(entry) {
			return nil
		}
		next = entry + 1
	}
	return nil
}

// bitWriter appends bits, the highest of a byte first.
type bitWriter struct {
	bytes []byte
	acc   uint64 // the lowest n bits are still to be written
	n     uint8  // under 8 between calls
}

// write appends the lowest size bits of v, which has no others; size is up to 48.
func (w *bitWriter) write(v uint64, size uint8) {
	w.acc = w.acc<<size | v
	for w.n += size; w.n >= 8; w.n -= 8 {
		w.bytes = append(w.bytes, byte(w.acc>>(w.n-8)))
	}
}

func (w *bitWriter) flush() []byte {
	if w.n > 0 {
		w.write(0, 8-w.n)
	}
	return w.bytes
}

// bitReader reads what a bitWriter wrote.
type bitReader struct {
	bytes []byte
	acc   uint64 // the highest n bits are next; those below are to be read again
	n     uint8
}

// fill makes n at least 57, or all bits that are left. Eight bytes at once leave
// more than n bits in acc: the next fill puts the same bits there.
func (r *bitReader) fill() {
	if len(r.bytes) >= 8 {
		r.acc |= binary.BigEndian.Uint64(r.bytes) >> r.n
		taken := (63 - r.n) / 8
		r.bytes = r.bytes[taken:]
		r.n += 8 * taken
		return
	}
	for r.n <= 56 && len(r.bytes) > 0 {
		r.acc |= uint64(r.bytes[0]) << (56 - r.n)
		r.bytes = r.bytes[1:]
		r.n += 8
	}
}

// ones reads up to the next 0 and returns the number of ones before it.
func (r *bitReader) ones() (uint64, bool) {
	count := uint64(0)
	for {
		r.fill()
		run := uint8(bits.LeadingZeros64(^r.acc))
		if run < r.n {
			r.acc <<= run + 1
			r.n -= run + 1
			return count + uint64(run), true
		}
		if r.n == 0 {
			return 0, false
		}
		count += uint64(r.n)
		r.acc, r.n = 0, 0
	}
}

// read reads size bits, up to 48.
func (r *bitReader) read(size uint8) (uint64, bool) {
	if r.fill(); r.n < size {
		return 0, false
	}
	v := r.acc >> (64 - size)
	r.acc <<= size
	r.n -= size
	return v, true
}

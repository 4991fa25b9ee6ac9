package breach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// Filter is a corpus in a compact file that [BuildFilter] made. It is a
// probabilistic set: every password in the corpus is found, and so is one in 2^Bits
// of those that are not in it (16 bits: one in 65,536, or fewer).
//
//	Bits  found by mistake     bytes per password
//	  10  1 in 1,024           1.5 to 1.7
//	  16  1 in 65,536          2.2 to 2.4
//	  20  1 in a million       2.7 to 2.9
//	  24  1 in 16 million      3.2 to 3.4
//
// A lookup is two small reads, wherever the file is: half a kilobyte is decoded. For
// a file that is mapped into memory, use NewFilter on the mapping. Every part of
// the file has a checksum, which each lookup verifies for what it reads.
type Filter struct {
	r      io.ReaderAt
	header header
	closer io.Closer
}

// OpenFilter opens a filter. It rejects a file that is not a filter, is of another
// version, has a damaged header, or was cut off. The file must not be written to
// afterwards; to renew it, rename another into its place (BuildFilter does) and open
// that.
func OpenFilter(path string) (*Filter, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("breach: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	var filter *Filter
	if err == nil {
		filter, err = NewFilter(f, info.Size())
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("breach: %s: %w", path, err)
	}
	filter.closer = f
	return filter, nil
}

// NewFilter is OpenFilter for a filter of size bytes in r.
func NewFilter(r io.ReaderAt, size int64) (*Filter, error) {
	if size < headerSize {
		return nil, corrupt("it is no filter: %d bytes only", size)
	}
	buf := make([]byte, headerSize)
	if err := readFull(r, buf, 0); err != nil {
		return nil, err
	}
	h, err := parseHeader(buf)
	if err != nil {
		return nil, err
	}
	if want := h.size(); size != want {
		return nil, corrupt("the filter has %d bytes instead of %d", size, want)
	}
	return &Filter{r: r, header: h}, nil
}

// Close closes a filter that OpenFilter opened.
func (f *Filter) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// FilterInfo says what is in a filter.
type FilterInfo struct {
	Entries       uint64 // passwords, except those that the filter cannot tell apart
	MinCount      int    // how often a password must occur to be in it
	Algorithm     Algorithm
	Bytes         int64   // the size of the file
	FalsePositive float64 // the share of other passwords that are found by mistake
}

// Info says what is in the filter.
func (f *Filter) Info() FilterInfo { return f.header.info() }

// MaxThreshold is the MinCount that the filter was built with: it does not know
// which of its passwords occur more often.
func (f *Filter) MaxThreshold() int { return int(f.header.minCount) }

// Lookup looks up a password. The count of one that is found is the MinCount that
// the filter was built with.
func (f *Filter) Lookup(ctx context.Context, password string) (Finding, error) {
	if err := ctx.Err(); err != nil {
		return Finding{}, err
	}
	in, err := f.contains(f.header.algorithm.sum(password))
	if err != nil {
		return Finding{}, unavailable(err)
	}
	if !in {
		return Finding{Outcome: NotFound}, nil
	}
	return Finding{Outcome: Found, Count: int(f.header.minCount)}, nil
}

func (f *Filter) contains(d digest) (bool, error) {
	number, rest := f.header.split(d)
	bucket, err := f.bucket(number, nil)
	if err != nil {
		return false, err
	}
	in := false
	err = f.header.decode(bucket, func(here uint64) bool {
		in = here == rest
		return here < rest
	})
	return in, err
}

// bucket reads the entries of a bucket, into buf if it is large enough, and
// verifies them.
func (f *Filter) bucket(number uint64, buf []byte) ([]byte, error) {
	var ends [2 * offsetSize]byte
	if err := readFull(f.r, ends[:], f.header.index(number)); err != nil {
		return nil, err
	}
	begin, end := parseOffsets(ends[:])
	if begin > end || end > f.header.dataSize || end-begin > maxBucket || end-begin < bucketHeader {
		return nil, corrupt("the filter's bucket %d is out of place", number)
	}
	if uint64(cap(buf)) < end-begin {
		buf = make([]byte, end-begin)
	}
	buf = buf[:end-begin]
	if err := readFull(f.r, buf, f.header.data()+int64(begin)); err != nil {
		return nil, err
	}
	if !intact(number, buf) {
		return nil, corrupt("the filter's bucket %d is damaged", number)
	}
	return buf, nil
}

// Verify reads the whole filter and returns an error that is ErrCorrupt if any
// part of it is damaged.
func (f *Filter) Verify(ctx context.Context) error {
	buffered := &readAhead{r: f.r, size: f.header.size()}
	whole := &Filter{r: buffered, header: f.header}
	buf := make([]byte, maxBucket)
	var entries uint64
	for number := range f.header.buckets() {
		if number%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		bucket, err := whole.bucket(number, buf)
		if err == nil {
			err = f.header.decode(bucket, func(uint64) bool { entries++; return true })
		}
		if err != nil {
			return err
		}
	}
	if entries != f.header.entries {
		return corrupt("the filter has %d entries instead of %d", entries, f.header.entries)
	}
	return nil
}

// readAhead serves small reads at two places that move forward, the index and the
// buckets, from large ones.
type readAhead struct {
	r     io.ReaderAt
	size  int64
	parts [2]struct {
		begin int64
		bytes []byte
	}
	older int // the part to be replaced
}

func (a *readAhead) ReadAt(p []byte, offset int64) (int, error) {
	for i := range a.parts {
		part := &a.parts[i]
		if at := offset - part.begin; at >= 0 && at+int64(len(p)) <= int64(len(part.bytes)) {
			a.older = 1 - i
			return copy(p, part.bytes[at:]), nil
		}
	}
	part := &a.parts[a.older]
	a.older = 1 - a.older
	n := min(max(int64(len(p)), 256<<10), a.size-offset)
	if n < int64(len(p)) {
		return 0, io.EOF
	}
	part.begin, part.bytes = offset, make([]byte, n)
	if err := readFull(a.r, part.bytes, offset); err != nil {
		part.bytes = nil
		return 0, err
	}
	return copy(p, part.bytes), nil
}

func (h header) info() FilterInfo {
	return FilterInfo{
		Entries: h.entries, MinCount: int(h.minCount), Algorithm: h.algorithm, Bytes: h.size(),
		FalsePositive: float64(h.entries) / math.Exp2(float64(h.bucketBits)+float64(h.restBits)),
	}
}

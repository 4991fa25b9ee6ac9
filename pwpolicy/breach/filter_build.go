package breach

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
)

// Corpus is what a filter is built from: a [File] or a [Directory].
type Corpus interface {
	Source
	algorithm() Algorithm
	scan(ctx context.Context, from digest, visit func(d digest, count int) error) error
	estimate(ctx context.Context, least int) (uint64, error)
	fingerprint() (string, error)
}

// BuildConfig says what filter to build.
type BuildConfig struct {
	From Corpus // required
	Path string // of the filter; required
	// Bits sets how many passwords are found by mistake: one in 2^Bits, 4 to 32. If 0,
	// 16. See Filter for sizes.
	Bits int
	// MinCount leaves out passwords that occur less often. If 0, 1.
	MinCount int
	// Restart starts over instead of continuing an interrupted build.
	Restart bool
	// Progress, if not nil, is called from time to time, on the goroutine that builds.
	Progress func(BuildProgress)
}

// BuildProgress tells how far a build is.
type BuildProgress struct {
	Share float64 // of the corpus, 0 to 1, that is done
	Rows  uint64  // read by this build
	Begun float64 // the share that an earlier, interrupted build had done
}

const (
	defaultBits = 16
	flushBytes  = 4 << 20 // of data between checkpoints
	tellRows    = 1 << 18
)

// BuildFilter writes a filter in one pass over the corpus, with some 25 MB of
// memory whatever the size of the corpus. It writes to Path + ".partial", verifies
// that and renames it, so that Path never holds a partial filter. If it is
// interrupted, by ctx or otherwise, the next call continues from the last checkpoint.
// Do not run two builds of the same Path at once.
func BuildFilter(ctx context.Context, c BuildConfig) (FilterInfo, error) {
	c.Bits, c.MinCount = cmp.Or(c.Bits, defaultBits), cmp.Or(c.MinCount, 1)
	switch {
	case c.From == nil || c.Path == "":
		return FilterInfo{}, errors.New("breach: BuildConfig.From and Path are required")
	case c.Bits < minBits || c.Bits > maxBits:
		return FilterInfo{}, fmt.Errorf("breach: BuildConfig.Bits %d is not within %d to %d", c.Bits, minBits, maxBits)
	case c.MinCount < 1 || c.MinCount > math.MaxInt32:
		return FilterInfo{}, fmt.Errorf("breach: BuildConfig.MinCount %d is not a count", c.MinCount)
	}
	b := &build{BuildConfig: c}
	info, err := b.run(ctx)
	if err != nil {
		return FilterInfo{}, fmt.Errorf("breach: building %s: %w", c.Path, err)
	}
	return info, nil
}

// build is one call of BuildFilter.
type build struct {
	BuildConfig
	header header // entries and dataSize: of the buckets before next
	print  string
	out    *os.File
	begun  float64
	rows   uint64

	next    uint64   // the bucket that is filled
	entries []uint64 // of it

	flushed uint64 // buckets that are in the file
	index   []byte // of those that are not
	data    []byte
}

func (b *build) partial() string { return b.Path + ".partial" }
func (b *build) state() string   { return b.Path + ".partial.json" }

func (b *build) run(ctx context.Context) (FilterInfo, error) {
	err := b.open(ctx)
	if err != nil {
		return FilterInfo{}, err
	}
	defer b.out.Close()
	if b.next < b.header.buckets() {
		err = b.From.scan(ctx, b.header.first(b.next), b.add)
	}
	if err == nil {
		err = b.finish()
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = errors.Join(err, b.flush()) // what is done is done
	}
	if err != nil {
		return FilterInfo{}, err
	}
	return b.publish(ctx)
}

// add takes the next row.
func (b *build) add(d digest, count int) error {
	if b.rows++; b.rows%tellRows == 0 {
		b.tell(float64(d.top()) / (1 << 64))
	}
	if count < b.MinCount {
		return nil
	}
	number, rest := b.header.split(d)
	for b.next < number {
		if err := b.finishBucket(); err != nil {
			return err
		}
	}
	if n := len(b.entries); n == 0 || b.entries[n-1] != rest {
		b.entries = append(b.entries, rest)
	}
	if len(b.entries) > math.MaxUint16 {
		return corrupt("the hashes of the corpus are not spread evenly")
	}
	return nil
}

func (b *build) tell(share float64) {
	if b.Progress != nil {
		b.Progress(BuildProgress{Share: share, Rows: b.rows, Begun: b.begun})
	}
}

func (b *build) finishBucket() error {
	before, ok := len(b.data), false
	b.index = appendOffset(b.index, b.header.dataSize)
	if b.data, ok = b.header.encode(b.data, b.next, b.entries); !ok {
		return corrupt("the hashes of the corpus are not spread evenly")
	}
	b.header.dataSize += uint64(len(b.data) - before)
	b.header.entries += uint64(len(b.entries))
	b.entries = b.entries[:0]
	b.next++
	if len(b.data) >= flushBytes {
		return b.flush()
	}
	return nil
}

// flush writes the finished buckets and, once they are on the disk, the state that
// counts them in.
func (b *build) flush() error {
	at := int64(b.header.dataSize) - int64(len(b.data))
	if _, err := b.out.WriteAt(b.data, b.header.data()+at); err != nil {
		return err
	}
	if _, err := b.out.WriteAt(b.index, b.header.index(b.flushed)); err != nil {
		return err
	}
	if err := b.out.Sync(); err != nil {
		return err
	}
	b.data, b.index, b.flushed = b.data[:0], b.index[:0], b.next
	return b.save()
}

// finish writes what is missing after the last row.
func (b *build) finish() error {
	for b.next < b.header.buckets() {
		if err := b.finishBucket(); err != nil {
			return err
		}
	}
	if err := b.flush(); err != nil {
		return err
	}
	if _, err := b.out.WriteAt(appendOffset(nil, b.header.dataSize), b.header.index(b.next)); err != nil {
		return err
	}
	if _, err := b.out.WriteAt(b.header.bytes(), 0); err != nil {
		return err
	}
	b.tell(1)
	return b.out.Sync()
}

// publish verifies the filter and gives it its name.
func (b *build) publish(ctx context.Context) (FilterInfo, error) {
	f, err := OpenFilter(b.partial())
	if err != nil {
		return FilterInfo{}, err
	}
	err = f.Verify(ctx)
	f.Close()
	if err != nil {
		return FilterInfo{}, err
	}
	if err := b.out.Close(); err != nil {
		return FilterInfo{}, err
	}
	if err := os.Rename(b.partial(), b.Path); err != nil {
		return FilterInfo{}, err
	}
	if err := syncDirectory(b.Path); err != nil {
		return FilterInfo{}, err
	}
	return b.header.info(), os.Remove(b.state())
}

// syncDirectory makes a rename last, where the system can.
func syncDirectory(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !errors.Is(err, fs.ErrInvalid) && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

// buildState is what a build that goes on must know.
type buildState struct {
	Corpus  string // fingerprint
	Bits    int
	Header  []byte // with the entries and bytes of the buckets that are done
	Buckets uint64 // that are done
}

func (b *build) save() error {
	s, err := json.Marshal(buildState{b.print, b.Bits, b.header.bytes(), b.flushed})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(b.state()+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(s)
	if err := cmp.Or(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(b.state()+".new", b.state())
}

// open goes on with an interrupted build, or begins one.
func (b *build) open(ctx context.Context) (err error) {
	if b.print, err = b.From.fingerprint(); err != nil {
		return err
	}
	if !b.Restart {
		resumed, err := b.resume()
		if resumed || err != nil {
			return err
		}
	}
	rows, err := b.From.estimate(ctx, b.MinCount)
	if err != nil {
		return err
	}
	// An estimate that is somewhat low would make for more mistakes than asked for.
	b.header = newHeader(b.From.algorithm(), rows+rows/50, b.Bits, b.MinCount)
	if err := os.Remove(b.state()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	b.out, err = os.OpenFile(b.partial(), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	return err
}

// resume reports whether there is a build to go on with.
func (b *build) resume() (bool, error) {
	text, err := os.ReadFile(b.state())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var s buildState
	if err := json.Unmarshal(text, &s); err != nil || len(s.Header) != headerSize {
		return false, corrupt("%s is unreadable: set Restart to begin anew", b.state())
	}
	h, err := parseHeader(s.Header)
	if err != nil {
		return false, fmt.Errorf("%s: %w", b.state(), err)
	}
	if s.Corpus != b.print || s.Bits != b.Bits || int(h.minCount) != b.MinCount {
		return false, fmt.Errorf("%s was begun from another corpus or with other settings: set Restart to begin anew", b.partial())
	}
	out, err := os.OpenFile(b.partial(), os.O_RDWR, 0)
	if err != nil {
		return false, err
	}
	info, err := out.Stat()
	if err == nil && (h.dataSize > 0 && info.Size() < h.size() || s.Buckets > h.buckets()) {
		err = corrupt("%s is cut off: set Restart to begin anew", b.partial())
	}
	if err == nil {
		err = out.Truncate(h.size())
	}
	if err != nil {
		out.Close()
		return false, err
	}
	b.out, b.header, b.next, b.flushed = out, h, s.Buckets, s.Buckets
	b.begun = float64(s.Buckets) / float64(h.buckets())
	return true, nil
}

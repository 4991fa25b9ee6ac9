package breach

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
)

// File is a corpus in one file of rows "HASH:COUNT", ascending by hash, as the
// official downloader writes it (B3). Rows end with LF or CRLF, the last one with
// or without; a byte order mark before any row is skipped.
//
// A lookup bisects the file with small reads and checks the order of the rows it
// reads; it keeps nothing in memory.
type File struct {
	r      io.ReaderAt
	size   int64
	hash   Algorithm
	closer io.Closer
}

// OpenFile opens a corpus. It rejects a file whose first or last rows are
// malformed, or that lacks one end of the hashes: a download that was cut off
// would know none of the passwords it lacks. The file must not be written to
// afterwards; to renew it, rename another into its place and open that.
func OpenFile(path string, a Algorithm) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("breach: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	var file *File
	if err == nil {
		file, err = NewFile(f, info.Size(), a)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("breach: %s: %w", path, err)
	}
	file.closer = f
	return file, nil
}

// NewFile is OpenFile for a corpus of size bytes in r.
func NewFile(r io.ReaderAt, size int64, a Algorithm) (*File, error) {
	if !a.valid() {
		return nil, fmt.Errorf("breach: algorithm %d is unknown: want SHA1 or NTLM", a)
	}
	f := &File{r: r, size: size, hash: a}
	return f, f.checkEnds()
}

// Close closes a file that OpenFile opened.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// Lookup looks up a password.
func (f *File) Lookup(ctx context.Context, password string) (Finding, error) {
	if err := ctx.Err(); err != nil {
		return Finding{}, err
	}
	count, err := f.count(f.hash.sum(password))
	if err != nil {
		return Finding{}, unavailable(err)
	}
	return found(count), nil
}

const (
	// window is the part of the file that is read as a whole in the end: a page.
	window = 4096
	// probe is read to find one row: the rest of one, and all of the next.
	probe = 2*maxRow + 32
)

// count returns 0 for a hash that is not in the file.
func (f *File) count(d digest) (int, error) {
	space := make([]byte, window+probe)
	lo, err := f.seek(d, space)
	if err != nil {
		return 0, err
	}
	buf, err := f.read(space, lo)
	if err != nil {
		return 0, err
	}
	var last digest
	for rest := buf; ; {
		row, after, ended := nextRow(rest)
		if !ended && lo+int64(len(buf)) < f.size {
			return 0, corrupt("no row within %d bytes of byte %d", window, lo)
		}
		if len(row) == 0 {
			return 0, nil
		}
		here, count, ok := f.hash.parseRow("", row)
		if !ok {
			return 0, corrupt("no row within %d bytes of byte %d", window, lo)
		}
		switch order := here.compare(d); {
		case here.compare(last) < 0:
			return 0, corrupt("not ascending within %d bytes of byte %d", window, lo)
		case order == 0:
			return count, nil
		case order > 0:
			return 0, nil
		}
		last, rest = here, after
	}
}

// seek returns the beginning of a row, at most window bytes and two rows before
// the first that is not below d. It reads into space, which has room for a probe.
func (f *File) seek(d digest, space []byte) (int64, error) {
	lo, hi := int64(0), f.size // rows that begin before lo are below d, those from hi on are not
	var below, above digest
	for i := range above {
		above[i] = 0xFF
	}
	for hi-lo > window {
		mid := lo + (hi-lo)/2
		row, err := f.rowFrom(mid, space)
		if err == io.EOF || err == nil && row.begin >= hi {
			hi = mid
			continue
		}
		if err != nil {
			return 0, err
		}
		if row.digest.compare(below) < 0 || row.digest.compare(above) > 0 {
			return 0, corrupt("not ascending near byte %d", row.begin)
		}
		if row.digest.compare(d) < 0 {
			lo, below = row.end, row.digest
		} else {
			hi, above = mid, row.digest
		}
	}
	return lo, nil
}

// fileRow is a row and the bytes from begin to end that hold it.
type fileRow struct {
	digest     digest
	count      int
	begin, end int64
}

// rowFrom reads the first row that begins at or after an offset; io.EOF if none
// does.
func (f *File) rowFrom(offset int64, space []byte) (fileRow, error) {
	from := max(offset-1, 0) // a row begins at offset if the byte before ends one
	buf, err := f.read(space[:probe], from)
	if err != nil {
		return fileRow{}, err
	}
	whole := from+int64(len(buf)) == f.size
	rest := buf
	if offset > 0 {
		rest = rest[endOfRow(rest):]
	}
	row, after, ended := nextRow(rest)
	switch {
	case len(row) == 0 && whole:
		return fileRow{}, io.EOF
	case !ended && !whole:
		return fileRow{}, corrupt("no row within %d bytes of byte %d", probe, offset)
	}
	d, count, ok := f.hash.parseRow("", row)
	if !ok {
		return fileRow{}, corrupt("no row at byte %d", from+int64(len(buf)-len(rest)))
	}
	end := from + int64(len(buf)-len(after))
	return fileRow{d, count, end - int64(len(row)), end}, nil
}

// read fills space from an offset on, or as much of it as the file has there.
func (f *File) read(space []byte, offset int64) ([]byte, error) {
	buf := space[:min(int64(len(space)), f.size-offset)]
	return buf, readFull(f.r, buf, offset)
}

// readFull fills buf, which lies within what a file had when it was opened.
func readFull(r io.ReaderAt, buf []byte, offset int64) error {
	n, err := r.ReadAt(buf, offset)
	switch {
	case n == len(buf):
		return nil
	case err == nil || err == io.EOF:
		return corrupt("cut off after it was opened")
	}
	return err
}

// checkEnds looks at the first and the last row.
func (f *File) checkEnds() error {
	space := make([]byte, probe)
	first, err := f.rowFrom(0, space)
	if err == io.EOF {
		return corrupt("it has no rows")
	}
	if err != nil {
		return err
	}
	last, rows := digest{}, 0
	for offset := max(f.size-int64(probe), 0); ; rows++ {
		row, err := f.rowFrom(offset, space)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		last, offset = row.digest, row.end
	}
	if rows == 0 {
		return corrupt("no row at its end")
	}
	shortest := int64(2*f.hash.size() + len(":1\n"))
	return checkSpread(first.digest, last, uint64(f.size/shortest))
}

// checkSpread reports a corpus of about n rows that lacks one end. Hashes are
// spread evenly: that neither end of a whole one lacks 64 n-ths of all hashes is
// certain but for a chance of 1 in 10^27.
func checkSpread(first, last digest, n uint64) error {
	if n <= 64 {
		return nil
	}
	limit := math.MaxUint64 / n * 64
	if first.top() > limit || ^last.top() > limit {
		return corrupt("part of the corpus is missing: its hashes do not reach from 00… to FF…")
	}
	return nil
}

// scan calls visit for each row from the first that is not below d on, in order.
func (f *File) scan(ctx context.Context, d digest, visit func(d digest, count int) error) error {
	buf := make([]byte, 256<<10)
	offset, err := f.seek(d, buf)
	if err != nil {
		return err
	}
	carried := 0 // bytes of a row that the last block ended in
	for last := d; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := int(min(int64(len(buf)-carried), f.size-offset))
		if err := readFull(f.r, buf[carried:carried+n], offset); err != nil {
			return err
		}
		offset += int64(n)
		rest := buf[:carried+n]
		for {
			row, after, ended := nextRow(rest)
			if !ended && offset < f.size || len(row) == 0 {
				carried = copy(buf, row)
				break
			}
			here, count, ok := f.hash.parseRow("", row)
			if !ok {
				return corrupt("no row at byte %d", offset-int64(len(rest)))
			}
			rest = after
			if here.compare(d) < 0 {
				continue
			}
			if here.compare(last) < 0 {
				return corrupt("not ascending at byte %d", offset-int64(len(rest)))
			}
			if err := visit(here, count); err != nil {
				return err
			}
			last = here
		}
		if offset == f.size {
			return nil
		}
		if carried > maxRow {
			return corrupt("no end of the row at byte %d", offset-int64(carried))
		}
	}
}

// estimate returns about how many rows have a count of at least least: exactly for
// a small file, else from 1,024 samples.
func (f *File) estimate(ctx context.Context, least int) (uint64, error) {
	const samples = 1024
	var rows, bytes int64
	if f.size <= samples*window {
		err := f.scan(ctx, digest{}, func(_ digest, count int) error {
			if count >= least {
				rows++
			}
			return nil
		})
		return uint64(rows), err
	}
	space := make([]byte, probe)
	for i := range int64(samples) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		for offset, until := f.size/samples*i, f.size/samples*i+window; offset < until; {
			row, err := f.rowFrom(offset, space)
			if err == io.EOF {
				break
			}
			if err != nil {
				return 0, err
			}
			if row.count >= least {
				rows++
			}
			bytes += row.end - offset
			offset = row.end
		}
	}
	return uint64(float64(rows) / float64(max(bytes, 1)) * float64(f.size)), nil
}

// fingerprint tells one corpus from another by its length and 16 samples.
func (f *File) fingerprint() (string, error) {
	sum := crc32.NewIEEE()
	space := make([]byte, window)
	for i := range int64(16) {
		sample, err := f.read(space, (f.size-min(f.size, window))/15*i)
		if err != nil {
			return "", err
		}
		sum.Write(sample)
	}
	return fmt.Sprintf("file %s %d %08x", f.hash, f.size, sum.Sum32()), nil
}

func (f *File) algorithm() Algorithm { return f.hash }

package breach

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
)

// Directory is a corpus in one file per prefix, "00000.txt" to "FFFFF.txt" with
// rows "SUFFIX:COUNT", as the official downloader writes it on request (B3). A
// lookup reads one file, of some 40 to 80 KB. A file that is missing is an error:
// a download that was cut off would know none of the passwords it lacks.
type Directory struct {
	fsys fs.FS
	hash Algorithm
}

// NewDirectory makes a source of the files in fsys, os.DirFS(path) as a rule. It
// rejects a directory without the first or the last file.
func NewDirectory(fsys fs.FS, a Algorithm) (*Directory, error) {
	if !a.valid() {
		return nil, fmt.Errorf("breach: algorithm %d is unknown: want SHA1 or NTLM", a)
	}
	d := &Directory{fsys, a}
	for _, prefix := range []string{prefixName(0), prefixName(prefixes - 1)} {
		if err := d.each(prefix, func(digest, int) {}); err != nil {
			return nil, fmt.Errorf("breach: %s.txt: %w", prefix, err)
		}
	}
	return d, nil
}

// Lookup looks up a password.
func (d *Directory) Lookup(ctx context.Context, password string) (Finding, error) {
	if err := ctx.Err(); err != nil {
		return Finding{}, err
	}
	hash := d.hash.sum(password)
	best := 0
	err := d.each(hash.prefix(), func(here digest, count int) {
		if here == hash {
			best = max(best, count)
		}
	})
	if err != nil {
		return Finding{}, unavailable(err)
	}
	return found(best), nil
}

// each calls f for each row of the file of a prefix. Its error does not name the
// file.
func (d *Directory) each(prefix string, f func(d digest, count int)) error {
	file, err := d.fsys.Open(prefix + ".txt")
	if err != nil {
		return withoutPath(err)
	}
	defer file.Close()
	body, err := io.ReadAll(io.LimitReader(file, maxRange+1))
	if err != nil {
		return withoutPath(err)
	}
	if len(body) > maxRange {
		return corrupt("a range is over %d bytes", maxRange)
	}
	return d.hash.eachInRange(prefix, body, f)
}

// withoutPath drops the path, which has the prefix in it.
func withoutPath(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

func prefixName(i int) string { return fmt.Sprintf("%05X", i) }

// scan calls visit for each row that is not below from, in order.
func (d *Directory) scan(ctx context.Context, from digest, visit func(d digest, count int) error) error {
	last := from
	for i := int(from.top() >> (64 - 4*prefixDigits)); i < prefixes; i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		var failed error
		err := d.each(prefixName(i), func(here digest, count int) {
			switch {
			case failed != nil || here.compare(from) < 0:
			case here.compare(last) < 0:
				failed = corrupt("not ascending")
			default:
				last, failed = here, visit(here, count)
			}
		})
		if err := errors.Join(err, failed); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("%s.txt: %w", prefixName(i), err)
		}
	}
	return nil
}

// estimate returns about how many rows have a count of at least least, from 1,024
// of the files.
func (d *Directory) estimate(ctx context.Context, least int) (uint64, error) {
	const samples = 1024
	rows := uint64(0)
	for i := range samples {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		err := d.each(prefixName(i*(prefixes/samples)), func(_ digest, count int) {
			if count >= least {
				rows++
			}
		})
		if err != nil {
			return 0, fmt.Errorf("%s.txt: %w", prefixName(i*(prefixes/samples)), err)
		}
	}
	return rows * (prefixes / samples), nil
}

// fingerprint tells one corpus from another by 16 samples.
func (d *Directory) fingerprint() (string, error) {
	sum := crc32.NewIEEE()
	for i := range 16 {
		err := d.each(prefixName(i*((prefixes-1)/15)), func(d digest, count int) {
			fmt.Fprintf(sum, "%x:%d\n", d, count)
		})
		if err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("directory %s %08x", d.hash, sum.Sum32()), nil
}

func (d *Directory) algorithm() Algorithm { return d.hash }

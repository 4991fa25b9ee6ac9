package pwpolicy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/passwd-go/passwd/internal/blocklist"
	"github.com/passwd-go/passwd/internal/normal"
)

// TooCommon is the violation of [NotCommon]. It has no parameters.
const TooCommon Code = "too_common"

// NotCommon refuses common passwords (P7): those of the built-in list, of 71,492
// entries, and those of the host's own.
//
// The whole password is compared, never a part of it, after its case and its width
// are folded (NFKC) and invisible characters dropped; characters that stand for
// letters ("p4$$w0rd") count as these. A match is exact: no other password is ever
// taken for an entry. The built-in list takes no time at start-up and no heap, and
// a lookup takes about a microsecond.
//
// Of the built-in entries 7,434 have 15 characters or more, the length that NIST
// asks for; 7,306 are generated, as no public list has as many: common passwords
// repeated or followed by digits, runs, and rows of keyboards. Its sources and
// licences are in internal/blocklist.
type NotCommon struct {
	// Lists are further lists; nil ones are empty. They are no part of the JSON form:
	// a host gives them to a policy that was parsed by a floor that has them.
	Lists []*Blocklist `json:"-"`
	// Trim also compares the password without the digits, symbols and spaces at its
	// beginning and end, if 5 characters remain: "Sunshine2024!" is then refused
	// for "sunshine".
	Trim bool `json:"trim,omitempty"`
}

// Name is "not_common", as in the JSON form of a policy.
func (NotCommon) Name() string { return "not_common" }

// Phase is [PhaseLocal].
func (NotCommon) Phase() Phase { return PhaseLocal }

// Describe implements [Rule].
func (NotCommon) Describe() []Requirement { return []Requirement{{TooCommon, nil}} }

// Check implements [Rule].
func (r NotCommon) Check(_ context.Context, c *Candidate) ([]Violation, error) {
	found := r.in(blocklist.Common(), c.Password())
	for _, l := range r.Lists {
		found = found || l != nil && r.in(l.table, c.Password())
	}
	if found {
		return []Violation{{TooCommon, nil}}, nil
	}
	return nil, nil
}

func (r NotCommon) in(t blocklist.Table, password string) bool {
	if r.Trim {
		return t.ContainsTrimmed(password)
	}
	return t.Contains(password)
}

// Both trims if one of the two does and has the lists of both.
func (r NotCommon) Both(other Rule) (Rule, bool) {
	o, ok := other.(NotCommon)
	r.Lists = slices.Clone(r.Lists)
	for _, l := range o.Lists {
		if !slices.Contains(r.Lists, l) {
			r.Lists = append(r.Lists, l)
		}
	}
	r.Trim = r.Trim || o.Trim
	return r, ok
}

// Blocklist is a host's own list of passwords that [NotCommon] refuses, immutable
// and safe for concurrent use.
type Blocklist struct{ table blocklist.Table }

// maxBlocklist bounds what a list may take of the heap. Longer ones, of breaches,
// belong on disk: package breach.
const maxBlocklist = 64 << 20

// NewBlocklist reads a list of one entry a line, in any order, UTF-8, of up to 64
// MiB; the list stays on the heap in about that size. Lines end in LF or CR LF, a
// byte order mark is skipped, as are empty lines and those that no password could
// be: not UTF-8, or over 4,096 bytes. There are no comments, and spaces are part
// of the entry. The error is the reader's, or says that the list is too long.
func NewBlocklist(r io.Reader) (*Blocklist, error) {
	lines := bufio.NewReaderSize(io.LimitReader(r, maxBlocklist+1), 2*normal.MaxPassword)
	var entries []string
	size, long := 0, false
	for {
		line, err := lines.ReadSlice('\n')
		if size == 0 {
			line = bytes.TrimPrefix(line, []byte("\uFEFF"))
		}
		size += len(line)
		switch {
		case size > maxBlocklist:
			return nil, fmt.Errorf("pwpolicy: blocklist of more than %d bytes", maxBlocklist)
		case errors.Is(err, bufio.ErrBufferFull):
			long = true // and the rest of the line is to come
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("pwpolicy: reading a blocklist: %w", err)
		}
		entry := bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if len(entry) > 0 && !long && len(entry) <= normal.MaxPassword && utf8.Valid(entry) {
			entries = append(entries, string(entry))
		}
		if long = false; err != nil {
			return &Blocklist{blocklist.Build(entries)}, nil
		}
	}
}

// Len returns the number of different entries.
func (b *Blocklist) Len() int { return b.table.Len() }

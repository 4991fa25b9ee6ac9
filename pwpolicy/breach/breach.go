// Package breach refuses passwords that are known from data breaches: a
// [Rule] over one of four sources of Pwned Passwords, or over the host's own.
//
//   - [Range] asks the range API, or a mirror of it, for all hashes that begin with
//     the same five digits as the password's. Nothing to install; a network call of
//     up to 1.5 s; the service learns 20 bits of the hash of somebody's password.
//   - [File] searches the corpus in one file, ordered by hash (some 40 GB for 900
//     million passwords), and [Directory] in one file per prefix: the two forms that
//     the official downloader writes. Nothing leaves the machine.
//   - [Filter] searches a compact form of either, which [BuildFilter] or the command
//     breach/cmd/pwnedfilter makes: 2.4 bytes per password, exact except for one
//     false rejection in 65,536.
//
// A source that fails is never taken to have said "not found": see [Finding] and
// [Rule]. No error or event contains a password, its hash or a part of either.
package breach

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Source knows passwords from data breaches. It is safe for concurrent use.
type Source interface {
	// Lookup looks up a password, which is in the form that will be hashed (UTF-8 in
	// NFC). It returns an outcome of Found or NotFound and no error, or an error that
	// is ErrUnavailable if the source could not tell, or ctx's own if ctx has ended.
	// The error contains nothing of the password or its hash.
	Lookup(ctx context.Context, password string) (Finding, error)
}

// Finding is what a source says of a password. The zero Finding says nothing.
type Finding struct {
	Outcome Outcome
	// Count is how often a password that is Found occurs in breaches, as far as the
	// source knows: at least that often. It is for the server only: what it tells the
	// person who typed the password, it also tells whoever guesses.
	Count int
}

// Outcome of a lookup.
type Outcome int

// The outcomes. The zero value is that of a source which could not tell, so that a
// source that forgets to set it does not say "not found".
const (
	Unavailable Outcome = iota
	NotFound
	Found
)

// String returns "unavailable", "not found" or "found".
func (o Outcome) String() string {
	switch o {
	case NotFound:
		return "not found"
	case Found:
		return "found"
	}
	return "unavailable"
}

// The errors of sources and of files.
var (
	// ErrUnavailable says that a source could not tell whether it knows a password. A
	// service that refuses a request because of it answers passwd.ErrUnavailable.
	ErrUnavailable = errors.New("breach: source unavailable")
	// ErrCorrupt says that a file does not have the required form, or was cut off or
	// damaged. Errors of a lookup that wrap it wrap ErrUnavailable as well.
	ErrCorrupt = errors.New("breach: file is corrupt")
)

// unavailable wraps the cause of a failed lookup.
func unavailable(cause error) error { return fmt.Errorf("%w: %w", ErrUnavailable, cause) }

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

func found(count int) Finding {
	if count <= 0 {
		return Finding{Outcome: NotFound}
	}
	return Finding{Outcome: Found, Count: count}
}

// Fallback returns a source that asks the given ones in their order, until one of
// them can tell. Its error, if none can, joins all of theirs.
func Fallback(sources ...Source) Source { return &fallback{slices.Clone(sources)} }

type fallback struct{ sources []Source }

func (f *fallback) Lookup(ctx context.Context, password string) (Finding, error) {
	failures := []error{ErrUnavailable}
	for _, s := range f.sources {
		finding, err := lookup(ctx, s, password)
		if err == nil {
			return finding, nil
		}
		if ctx.Err() != nil {
			return Finding{}, ctx.Err()
		}
		failures = append(failures, err)
	}
	return Finding{}, errors.Join(failures...)
}

// MaxThreshold is the lowest of the sources that have one.
func (f *fallback) MaxThreshold() int {
	lowest := math.MaxInt
	for _, s := range f.sources {
		if m, ok := s.(thresholdBound); ok {
			lowest = min(lowest, m.MaxThreshold())
		}
	}
	return lowest
}

// lookup asks a source and holds it to its contract.
func lookup(ctx context.Context, s Source, password string) (Finding, error) {
	f, err := s.Lookup(ctx, password)
	if err != nil {
		return Finding{}, err
	}
	if f.Outcome != Found && f.Outcome != NotFound {
		return Finding{}, fmt.Errorf("%w: it returned neither an outcome nor an error", ErrUnavailable)
	}
	return f, nil
}

package foreign

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/passwd-go/passwd/pwhash"
	"golang.org/x/text/unicode/norm"
)

// Probe is a row whose password is known.
type Probe struct {
	Stored   pwhash.Hash
	Password string
}

// Wrapper puts hashes of a base around hashes that are cheap to guess, without knowing
// the passwords: base hashes the digest, and what else the weak hash says, such as its
// salt, is kept beside it. Run it over the table once, offline, and write each result
// where the row still has the weak hash. A [Hasher] that accepts [Wrapped] verifies
// it, and the service replaces it by a plain hash of Base at the next sign-in. Delete
// the old hashes from backups too: who has one guesses as fast as before.
//
// It is safe for concurrent use.
type Wrapper struct {
	hasher Hasher
	format Format
}

// ErrProbe says that a probe does not match: the format is another one, or a secret is.
var ErrProbe = errors.New("foreign: a probe does not match")

// NewWrapper returns a wrapper of one format, with the Base, the Bounds and the secrets
// of h, whose Accept does not matter.
//
// What is wrapped as the wrong format matches no password ever again. So the format
// is named, never guessed, and every probe must match: give some whenever you can
// get them, from accounts of different age. Where the syntax has no mark of its own, as
// bare hex digits and all schemes, one is required. Its errors are [ErrProbe],
// [pwhash.ErrFormat] if the format cannot be wrapped, and those of [Hasher.Validate].
//
// The formats that are marked as fast can be wrapped, [Phpass], the insecure ones, and
// schemes but those around bcrypt, argon2, crypt and phpass; of [InsecurePlaintext]
// it makes a plain hash of base.
func NewWrapper(ctx context.Context, h Hasher, f Format, probes ...Probe) (*Wrapper, error) {
	h = h.withDefaults()
	h.Accept, h.Custom = []Format{f}, nil
	if err := h.Validate(); err != nil {
		return nil, err
	}
	if f == Wrapped {
		return nil, fmt.Errorf("foreign: %s cannot be wrapped: %w", string(f), pwhash.ErrFormat)
	}
	w := &Wrapper{hasher: h, format: f}
	for i, probe := range probes {
		p, err := parseFormat(f, string(probe.Stored), &h)
		if err != nil {
			return nil, fmt.Errorf("foreign: probe %d is not %s: %w", i, string(f), err)
		}
		match, err := p.matchesAny(probe.Password, h.Latin1)
		if err != nil {
			return nil, err
		}
		if !match {
			return nil, fmt.Errorf("%w: number %d, as %s", ErrProbe, i, string(f))
		}
	}
	if len(probes) == 0 && unmarked(f) {
		return nil, fmt.Errorf("%w: %s has no mark of its own, so a row whose password is known must tell it apart", ErrProbe, string(f))
	}
	return w, nil
}

// unmarked are the formats that other formats look like.
func unmarked(f Format) bool {
	switch f {
	case InsecureMD5, InsecureSHA1, InsecureSHA256, InsecureSHA512, InsecureNTLM, DjangoDigest, WerkzeugDigest:
		return true
	}
	return len(linesOf(f)) > 0
}

// Wrap wraps one hash. Its error is [pwhash.ErrFormat] for a hash that is not of the
// format, or cannot be wrapped, a [*pwhash.BoundsError], and otherwise that of base.
//
// The form is {wrap:format:blank} before the hash of base, where blank is the
// weak hash in unpadded base64url with its digest overwritten, and a scheme is "=" and
// its line in the same base64.
func (w *Wrapper) Wrap(ctx context.Context, weakHash pwhash.Hash) (pwhash.Hash, error) {
	h, f, s := w.hasher, w.format, string(weakHash)
	p, err := parseFormat(f, s, &h)
	if err != nil {
		return "", err
	}
	if f == InsecurePlaintext {
		password, _ := plaintext(s)
		if !utf8.ValidString(password) || strings.Contains(password, "\x00") || len(password) > maxPassword {
			return "", pwhash.ErrFormat
		}
		return h.Base.Hash(ctx, norm.NFC.String(password))
	}
	if p.blank == "" {
		return "", pwhash.ErrFormat
	}
	outer, err := h.Base.Hash(ctx, hex.EncodeToString(p.tag))
	if err != nil {
		return "", fmt.Errorf("foreign: wrap: %w", err)
	}
	name := string(f)
	if isScheme(f) {
		name = "=" + wrapBase64.EncodeToString([]byte(f))
	}
	return pwhash.Hash(wrapMark + name + ":" + wrapBase64.EncodeToString([]byte(p.blank)) + "}" + string(outer)), nil
}

const wrapMark = "{wrap:"

var wrapBase64 = base64.RawURLEncoding.Strict()

// wrapped is what Wrap has made, taken apart.
type wrapped struct {
	format Format
	blank  string
	outer  pwhash.Hash
}

func parseWrapped(s string) (wrapped, bool) {
	s, ok := strings.CutPrefix(s, wrapMark)
	head, outer, closed := strings.Cut(s, "}")
	name, encoded, ok1 := strings.Cut(head, ":")
	blank, ok2 := decode(wrapBase64, encoded)
	if line, isLine := strings.CutPrefix(name, "="); isLine {
		b, ok := decode(wrapBase64, line)
		if name = string(b); !ok || !isScheme(Format(name)) {
			return wrapped{}, false
		}
	}
	if !ok || !closed || !ok1 || !ok2 || parserOf(Format(name)) == nil {
		return wrapped{}, false
	}
	return wrapped{Format(name), string(blank), pwhash.Hash(outer)}, true
}

// verify makes the weak digest of a password, and has Base compare it.
func (w wrapped) verify(ctx context.Context, h *Hasher, password string) (pwhash.Verdict, error) {
	p, err := parseFormat(w.format, w.blank, h)
	if err != nil {
		return pwhash.Verdict{}, err
	}
	if p.blank != w.blank {
		return pwhash.Verdict{}, pwhash.ErrFormat
	}
	tries := []string{password}
	if old, ok := inLatin1(password); ok && h.Latin1 {
		tries = append(tries, old)
	}
	for _, try := range tries {
		var digest []byte
		if len(try) <= maxPassword {
			if digest, err = p.derive(try); err != nil {
				return pwhash.Verdict{}, fmt.Errorf("foreign: %w", err)
			}
		}
		// A password that the weak scheme does not take has the digest "", which Wrap
		// never hashed.
		v, err := h.Base.Verify(ctx, w.outer, hex.EncodeToString(digest))
		if v.Match || err != nil {
			return pwhash.Verdict{Match: v.Match, Stale: v.Match}, err
		}
	}
	return pwhash.Verdict{}, nil
}

package foreign

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/passwd-go/passwd/pwhash"
	"golang.org/x/text/unicode/norm"
)

// Wrap puts base around a hash that is cheap to guess, without knowing the
// password: base hashes the digest, and what else the weak hash says, such as its
// salt, is kept beside it. Run it over the table once, offline, and write each
// result where the row still has the weak hash. A [Hasher] that accepts [Wrapped]
// verifies it, and the service replaces it by a plain hash of Base at the next
// sign-in. Delete the old hashes from backups too: who has one guesses as fast as
// before.
//
// It takes the formats marked as fast, [Phpass], and the insecure ones; of
// [InsecurePlaintext] it makes a plain hash of base. Its error is
// [pwhash.ErrFormat] for every other hash, and otherwise that of base. If base
// is nil, it is the zero pwhash.Argon2id.
//
// The form is {wrap:format:blank} before the hash of base, where blank is the
// weak hash in unpadded base64url with its digest overwritten.
func Wrap(ctx context.Context, base pwhash.Hasher, weakHash pwhash.Hash) (pwhash.Hash, error) {
	h := Hasher{Base: base}.withDefaults()
	s := string(weakHash)
	f, ok := Detect(weakHash)
	if !ok {
		return "", pwhash.ErrFormat
	}
	if f == InsecurePlaintext {
		password, _ := plaintext(s)
		if !utf8.ValidString(password) || strings.Contains(password, "\x00") || len(password) > maxPassword {
			return "", pwhash.ErrFormat
		}
		return h.Base.Hash(ctx, norm.NFC.String(password))
	}
	p, err := parseFormat(f, s, &h)
	if err != nil {
		return "", err
	}
	if p.blank == "" {
		return "", pwhash.ErrFormat
	}
	outer, err := h.Base.Hash(ctx, hex.EncodeToString(p.tag))
	if err != nil {
		return "", fmt.Errorf("foreign: wrap: %w", err)
	}
	return pwhash.Hash(wrapMark + string(f) + ":" + wrapBase64.EncodeToString([]byte(p.blank)) + "}" + string(outer)), nil
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
	var digest []byte
	if len(password) <= maxPassword {
		if digest, err = p.derive(password); err != nil {
			return pwhash.Verdict{}, fmt.Errorf("foreign: %w", err)
		}
	}
	// A password that the weak scheme does not take has the digest "", which Wrap
	// never hashed.
	v, err := h.Base.Verify(ctx, w.outer, hex.EncodeToString(digest))
	return pwhash.Verdict{Match: v.Match, Stale: v.Match}, err
}

package pwhash

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// ErrPepperKey says that a stored hash is keyed with a pepper that the hasher does
// not have, or for which it has another key. Nothing is known about the password
// then: a service answers ErrUnavailable, counts no failure, and reports a
// passwd.EventUnavailable whose Reason is "pepper_key".
var ErrPepperKey = errors.New("pwhash: stored hash needs a pepper key that is missing or different")

// Pepper is a keyring of secrets that are kept apart from the stored hashes, in a
// secrets manager or the like: anyone who has only the database cannot even
// begin to guess (NIST SP 800-63B-4 §3.1.1.2). The zero value is none.
//
// The tag of a hash is encrypted with AES-256-GCM, under a key derived from
// Current by HKDF-SHA256, and the id of that key is the keyid in the hash. To
// rotate, make a new key Current and put the old one among Previous: each hash is
// rekeyed when its owner signs in, or all at once with [Pepper.Rekey]. Hashes from
// before there was a pepper verify and are keyed in the same way. A key can be
// removed once no hash names it any more, those of earlier passwords included; to
// stop using a pepper, leave Current zero.
//
// Losing a key means losing every password that is keyed with it. It prints as
// "[redacted]".
type Pepper struct {
	Current  PepperKey
	Previous []PepperKey // at most 15
}

// PepperKey is one secret of a [Pepper]. It prints as "[redacted]".
type PepperKey struct {
	ID  string // 1 to 32 of A-Z, a-z, 0-9, ".", "-"; public
	Key []byte // 14 random bytes (112 bits) or more; 32 are recommended
}

// String returns "[redacted]", as Format, LogValue and MarshalText do.
func (Pepper) String() string               { return redacted }
func (Pepper) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Pepper) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Pepper) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// String returns "[redacted]", as Format, LogValue and MarshalText do.
func (PepperKey) String() string               { return redacted }
func (PepperKey) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (PepperKey) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (PepperKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

const (
	minPepperKey    = 14
	maxPreviousKeys = 15
	maxKeyID        = 32
	sealSize        = 12 + 16 // nonce and authentication tag of AES-GCM
)

func (k PepperKey) isZero() bool { return k.ID == "" && len(k.Key) == 0 }

func validKeyID(id string) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"
	return id != "" && len(id) <= maxKeyID && strings.Trim(id, alphabet) == ""
}

func (p Pepper) validate() error {
	if len(p.Previous) > maxPreviousKeys {
		return fmt.Errorf("pwhash: Pepper.Previous: %d keys, at most %d", len(p.Previous), maxPreviousKeys)
	}
	seen := map[string]bool{}
	for i, k := range append([]PepperKey{p.Current}, p.Previous...) {
		field := "Current"
		if i > 0 {
			field = fmt.Sprintf("Previous[%d]", i-1)
		}
		switch {
		case i == 0 && k.isZero():
			continue
		case !validKeyID(k.ID):
			return fmt.Errorf("pwhash: Pepper.%s.ID: need 1 to %d letters, digits, dots or hyphens", field, maxKeyID)
		case seen[k.ID]:
			return fmt.Errorf("pwhash: Pepper.%s.ID: %q occurs twice", field, k.ID)
		case len(k.Key) < minPepperKey:
			return fmt.Errorf("pwhash: Pepper.%s.Key: %d bytes, need %d random bytes or more", field, len(k.Key), minPepperKey)
		case bytes.Count(k.Key, []byte{0}) == len(k.Key):
			return fmt.Errorf("pwhash: Pepper.%s.Key: all zero bytes; fill it with random ones from the secret store", field)
		}
		seen[k.ID] = true
	}
	return nil
}

// sealer is the cipher of a key. It makes its nonces itself.
func (k PepperKey) sealer() (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, k.Key, nil, "passwd/v1/pepper", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("pwhash: pepper: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("pwhash: pepper: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal encrypts the plain tag of a hash with the current key, if there is one.
// What stands before the tag is authenticated with it.
func (p Pepper) seal(h phc) (phc, error) {
	if p.Current.isZero() {
		return h, nil
	}
	sealer, err := p.Current.sealer()
	if err != nil {
		return phc{}, err
	}
	h.keyID = p.Current.ID
	h.tag = sealer.Seal(nil, nil, h.tag, []byte(h.head()))
	return h, nil
}

// open returns the plain tag of a hash.
func (p Pepper) open(h phc) ([]byte, error) {
	if h.keyID == "" {
		return h.tag, nil
	}
	for _, k := range append([]PepperKey{p.Current}, p.Previous...) {
		if k.ID != h.keyID {
			continue
		}
		sealer, err := k.sealer()
		if err != nil {
			return nil, err
		}
		tag, err := sealer.Open(nil, nil, h.tag, []byte(h.head()))
		if err != nil {
			return nil, ErrPepperKey
		}
		return tag, nil
	}
	return nil, ErrPepperKey
}

// Rekey keys a hash with Current, whatever it is keyed with now, or with nothing
// if Current is zero. It needs no password and computes no hash, so that a whole
// table can be done offline; write each result only where the row still has h. A
// hash that is keyed as it should be is returned unchanged.
//
// It takes hashes of [Argon2id], [Scrypt] and [PBKDF2]: ErrFormat for every
// other, bcrypt included, and ErrPepperKey where the key that it has is missing.
func (p Pepper) Rekey(h Hash) (Hash, error) {
	if err := p.validate(); err != nil {
		return "", err
	}
	if err := within("length", uint64(len(h)), 0, maxHashLength); err != nil {
		return "", err
	}
	parsed, err := parsePHC(string(h), boundless)
	if err != nil {
		return "", err
	}
	tag, err := p.open(parsed)
	if err != nil {
		return "", err
	}
	if parsed.keyID == p.Current.ID {
		return h, nil
	}
	parsed.keyID, parsed.tag = "", tag
	if parsed, err = p.seal(parsed); err != nil {
		return "", err
	}
	return Hash(parsed.String()), nil
}

// boundless is for what computes nothing.
var boundless = Bounds{
	Argon2KiB: 1<<32 - 1, Argon2Passes: 1<<32 - 1, Argon2Lanes: 255, Argon2KiBPasses: 1<<64 - 1,
	ScryptBytes: 1 << 40, ScryptParallel: 1 << 20, ScryptWork: 1<<64 - 1, PBKDF2Rounds: 1<<32 - 1, BcryptCost: 31,
}

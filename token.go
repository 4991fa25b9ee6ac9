package passwd

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Token is a secret of 256 bits, 43 characters of base64url, as it stands in a link or
// is a ticket. It prints as "[redacted]"; string(t) is the secret itself.
type Token string

// String returns "[redacted]", as Format, LogValue and MarshalText do.
func (Token) String() string               { return redacted }
func (Token) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Token) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (t Token) plausible() bool            { return len(t) == tokenLength }

// OneTimeCode is a secret of 8 decimal digits, good only together with the
// request it was made for. It prints as "[redacted]"; string(c) is the code.
type OneTimeCode string

// String returns "[redacted]", as Format, LogValue and MarshalText do.
func (OneTimeCode) String() string               { return redacted }
func (OneTimeCode) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (OneTimeCode) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (OneTimeCode) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Digest is a keyed digest (HMAC-SHA256) of a secret; without the key it neither
// reveals nor verifies one.
type Digest [sha256.Size]byte

// MarshalText returns the digest in hexadecimal digits, for stores that keep text.
func (d Digest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText reads what MarshalText returns.
func (d *Digest) UnmarshalText(text []byte) error {
	raw, err := hex.AppendDecode(nil, text)
	if err != nil || len(raw) != len(d) {
		return errors.New("passwd: a digest is 64 hexadecimal digits")
	}
	copy(d[:], raw)
	return nil
}

const (
	seedSize    = 32
	tokenLength = 43 // 32 bytes in unpadded base64url
	codeDigits  = 8
	codeSpace   = 100_000_000
	minKeySize  = 32
	maxKeys     = 16
)

// Keys are the secrets that the service derives all its keys from, one for each
// purpose by HKDF-SHA256. They must be the same on every replica and stay so:
// without them no stored token verifies and no waiting job can be read.
//
// To rotate, make the new key Current and the old one the first of Previous, and
// remove it once what it protects has expired: 72 hours later, or after 30 days with
// Config.AfterWrite, the MaxAge of package session, or the TTL of session/jwt, if that
// is longer. The counts of the limiter begin anew with a new Current.
type Keys struct {
	Current  []byte   // 32 random bytes or more
	Previous [][]byte // still accepted, newest first; at most 15
}

// RandomKeys returns keys that last as long as the process. They are for tests
// and one-process demos: after a restart no link sent before it works.
func RandomKeys() Keys {
	key := make([]byte, minKeySize)
	rand.Read(key)
	return Keys{Current: key}
}

// keyring holds the derived keys; index 0 is of Keys.Current.
type keyring []purposeKeys

type purposeKeys struct {
	digest  []byte // tokens, codes and addresses at rest
	token   []byte // from a seed to the token or code
	limiter []byte
	user    []byte // user keys in links
	sealer  cipher.AEAD
}

func newKeyring(k Keys) (keyring, error) {
	secrets := append([][]byte{k.Current}, k.Previous...)
	if len(secrets) > maxKeys {
		return nil, fmt.Errorf("passwd: Config.Keys.Previous: %d keys, at most %d", len(k.Previous), maxKeys-1)
	}
	ring := make(keyring, len(secrets))
	for i, secret := range secrets {
		if len(secret) < minKeySize {
			field := "Current"
			if i > 0 {
				field = fmt.Sprintf("Previous[%d]", i-1)
			}
			return nil, fmt.Errorf("passwd: Config.Keys.%s: %d bytes, need %d random bytes or more", field, len(secret), minKeySize)
		}
		keys, err := derive(secret)
		if err != nil {
			return nil, fmt.Errorf("passwd: Config.Keys: %w", err)
		}
		ring[i] = keys
	}
	return ring, nil
}

func derive(secret []byte) (purposeKeys, error) {
	var err error
	key := func(purpose string) []byte {
		k, e := hkdf.Key(sha256.New, secret, nil, "passwd/v1/"+purpose, sha256.Size)
		err = errors.Join(err, e)
		return k
	}
	keys := purposeKeys{
		digest:  key("digest"),
		token:   key("token"),
		limiter: key("limiter"),
		user:    key("user"),
	}
	block, e := aes.NewCipher(key("job"))
	if e != nil {
		return keys, errors.Join(err, e)
	}
	keys.sealer, e = cipher.NewGCM(block)
	return keys, errors.Join(err, e)
}

// mac is HMAC-SHA256 over the parts, each preceded by its length, so that no two
// lists of parts run together.
func mac(key []byte, parts ...string) Digest {
	h := hmac.New(sha256.New, key)
	var size [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		h.Write(size[:])
		io.WriteString(h, p)
	}
	return Digest(h.Sum(nil))
}

// seed is the randomness that a token or code is made from. It travels in a
// sealed job, so that a job tried twice sends the same token, while the token
// itself is written down nowhere.
type seed [seedSize]byte

func newSeed() (s seed) {
	rand.Read(s[:])
	return s
}

// token returns the token that grows from the seed for a purpose.
func (k keyring) token(s seed, p Purpose) Token {
	sum := mac(k[0].token, string(p), string(s[:]))
	return Token(base64.RawURLEncoding.EncodeToString(sum[:]))
}

// code returns the one-time code that grows from the seed, uniformly: a block of
// digest that would favour the low codes is passed over for the next.
func (k keyring) code(s seed) OneTimeCode {
	const fair = (1 << 32) / codeSpace * codeSpace
	for n := byte(0); ; n++ {
		sum := mac(k[0].token, "one-time code", string(s[:]), string(n))
		for block := sum[:]; len(block) > 0; block = block[4:] {
			if v := uint64(binary.BigEndian.Uint32(block)); v < fair {
				return OneTimeCode(fmt.Sprintf("%0*d", codeDigits, v%codeSpace))
			}
		}
	}
}

// refs returns the names under which a token may be stored: the one under the
// current key first.
func (k keyring) refs(p Purpose, t Token) []TokenRef {
	refs := make([]TokenRef, len(k))
	for i := range k {
		refs[i] = TokenRef{Purpose: p, Digest: mac(k[i].digest, "token", string(p), string(t))}
	}
	return refs
}

// ref returns the name under which a new token is stored.
func (k keyring) ref(p Purpose, t Token) TokenRef {
	return TokenRef{Purpose: p, Digest: mac(k[0].digest, "token", string(p), string(t))}
}

// verifier binds a code to its request.
func (purpose purposeKeys) verifier(request Token, c OneTimeCode) Digest {
	return mac(purpose.digest, "code", string(request), string(c))
}

// address is what a token record keeps of the address it was sent to.
func (purpose purposeKeys) address(a Address) Digest {
	return mac(purpose.digest, "address", string(a.Channel), Fold(a.Value))
}

// userKey names an account in a link without telling its id.
func (purpose purposeKeys) userKey(r Ref) string {
	sum := mac(purpose.user, r.Tenant, r.ID)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// limiterKey names what is being limited without telling what it is.
func (k keyring) limiterKey(kind string, parts ...string) string {
	sum := mac(k[0].limiter, append([]string{kind}, parts...)...)
	return kind + ":" + base64.RawURLEncoding.EncodeToString(sum[:16])
}

// seal encrypts a job under the current key, bound to the job's id.
func (k keyring) seal(id string, plain []byte) []byte {
	nonce := make([]byte, k[0].sealer.NonceSize(), k[0].sealer.NonceSize()+len(plain)+k[0].sealer.Overhead())
	rand.Read(nonce)
	return k[0].sealer.Seal(nonce, nonce, plain, []byte(id))
}

var errUnsealable = errors.New("passwd: job was sealed under a key that is not known here")

// open decrypts what seal made under any of the keys.
func (k keyring) open(id string, sealed []byte) ([]byte, error) {
	for _, keys := range k {
		size := keys.sealer.NonceSize()
		if len(sealed) < size {
			break
		}
		if plain, err := keys.sealer.Open(nil, sealed[:size], sealed[size:], []byte(id)); err == nil {
			return plain, nil
		}
	}
	return nil, errUnsealable
}

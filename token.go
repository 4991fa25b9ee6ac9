package passwd

import (
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

// Token is a secret of 256 bits, 43 characters of base64url, as it stands in a link,
// or a ticket. It prints as "[redacted]"; string(t) is the secret itself.
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

// requester is what a token record keeps of who asked for it.
func (purpose purposeKeys) requester(q requester) Digest {
	return mac(purpose.digest, "requester", q.id)
}

// userKey names an account in a link without telling its id.
func (purpose purposeKeys) userKey(r Ref) string {
	sum := mac(purpose.user, r.Tenant, r.ID)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

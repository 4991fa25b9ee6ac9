package wire

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/passwd-go/passwd"
)

// Clients knows which applications may use a format. Each format asks one of the
// questions, so an implementation for one of them may answer ErrUnknownClient to
// the others. An error that is not ErrUnknownClient means that the question could
// not be answered, and the request is refused as unavailable. It is called
// concurrently.
type Clients interface {
	// PublicClient reports whether an application has this client_id. It has no
	// secret: the id identifies, and proves nothing. Asked by Grant.
	PublicClient(ctx context.Context, id string) error
	// APIKey reports whether this is the key of an application. Asked by Profile.
	APIKey(ctx context.Context, key string) error
	// ClientCredentials reports whether an application has this id and secret.
	// Asked by Remind.
	ClientCredentials(ctx context.Context, id, secret string) error
	// Brand returns the tenant of a password-enabled brand, whose name is compared
	// without case. Asked by Brand.
	Brand(ctx context.Context, name string) (tenant string, err error)
}

// ErrUnknownClient says that there is no such application, that its secret is
// wrong, or that a brand is not password-enabled.
var ErrUnknownClient = errors.New("wire: unknown client")

// StaticClients is Clients that are known when the program starts. Of secrets it
// holds digests only. The zero StaticClients knows nobody. It must not be changed
// while it is used.
type StaticClients struct {
	Public      []string                // client ids of Grant
	APIKeys     []SecretDigest          // of Profile
	Credentials map[string]SecretDigest // of Remind, by client id
	Brands      map[string]string       // of Brand: from the name to the tenant
}

// SecretDigest is the SHA-256 of the secret of an application. The secret must be
// random, of 128 bits or more: then the digest need not be slow, and nobody
// finds the secret by trying. As text it is 64 hexadecimal digits, what sha256sum
// prints.
type SecretDigest [sha256.Size]byte

// DigestOf returns the digest of a secret.
func DigestOf(secret string) SecretDigest { return sha256.Sum256([]byte(secret)) }

// MarshalText returns the digest in hexadecimal digits.
func (d SecretDigest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText reads a digest from 64 hexadecimal digits.
func (d *SecretDigest) UnmarshalText(text []byte) error {
	raw, err := hex.AppendDecode(nil, text)
	if err != nil || len(raw) != len(d) {
		return errors.New("wire: a digest is 64 hexadecimal digits")
	}
	copy(d[:], raw)
	return nil
}

// fits compares without telling how much of two digests is alike.
func (d SecretDigest) fits(secret string) bool {
	other := DigestOf(secret)
	return subtle.ConstantTimeCompare(d[:], other[:]) == 1
}

// PublicClient implements Clients.
func (c StaticClients) PublicClient(_ context.Context, id string) error {
	if !slices.Contains(c.Public, id) {
		return ErrUnknownClient
	}
	return nil
}

// APIKey implements Clients.
func (c StaticClients) APIKey(_ context.Context, key string) error {
	for _, d := range c.APIKeys {
		if d.fits(key) {
			return nil
		}
	}
	return ErrUnknownClient
}

// ClientCredentials implements Clients.
func (c StaticClients) ClientCredentials(_ context.Context, id, secret string) error {
	d, known := c.Credentials[id]
	if !d.fits(secret) || !known {
		return ErrUnknownClient
	}
	return nil
}

// Brand implements Clients.
func (c StaticClients) Brand(_ context.Context, name string) (string, error) {
	folded := passwd.Fold(name)
	for brand, tenant := range c.Brands {
		if passwd.Fold(brand) == folded {
			return tenant, nil
		}
	}
	return "", ErrUnknownClient
}

package passwd

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Keys are the secrets that the service derives all its keys from, one for each
// purpose by HKDF-SHA256. They must be the same on every replica and stay so:
// without them no stored token verifies and no waiting job can be read.
//
// To rotate, make the new key Current and the old one the first of Previous, and
// remove it once what it protects has expired: 72 hours later, or after 30 days with
// Config.AfterWrite, the MaxAge of package session, or the TTL of session/jwt, if that
// is longer. The limiter's counts start from zero with a new Current.
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
	device  []byte // tokens of devices
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
			return nil, fmt.Errorf("passwd: Config.Keys.%s: %d bytes, need %d random bytes or more", keyField(i), len(secret), minKeySize)
		}
		if allZero(secret) {
			return nil, fmt.Errorf("passwd: Config.Keys.%s: all zero bytes; fill it with 32 random ones from the secret store", keyField(i))
		}
		keys, err := derive(secret)
		if err != nil {
			return nil, fmt.Errorf("passwd: Config.Keys: %w", err)
		}
		ring[i] = keys
	}
	return ring, nil
}

// keyField names the place of a key in Keys, in the order of a keyring.
func keyField(i int) string {
	if i == 0 {
		return "Current"
	}
	return fmt.Sprintf("Previous[%d]", i-1)
}

// allZero knows the key that somebody has made and not filled, or read from nothing.
func allZero(secret []byte) bool {
	return bytes.Count(secret, []byte{0}) == len(secret)
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
		device:  key("device"),
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

// open decrypts what seal made under any of the keys, and returns that key alone:
// what grows from the seed in a job grows under the key of the job.
func (k keyring) open(id string, sealed []byte) ([]byte, keyring, error) {
	for i, keys := range k {
		size := keys.sealer.NonceSize()
		if len(sealed) < size {
			break
		}
		if plain, err := keys.sealer.Open(nil, sealed[:size], sealed[size:], []byte(id)); err == nil {
			return plain, k[i : i+1], nil
		}
	}
	return nil, nil, errUnsealable
}

// groupKey is a limiterKey of a group, of which a limiter keeps few.
func (k keyring) groupKey(kind string, group []string, parts ...string) string {
	name := mac(k[0].limiter, append([]string{kind}, group...)...)
	member := mac(k[0].limiter, append(append([]string{kind}, group...), parts...)...)
	return kind + ":" + base64.RawURLEncoding.EncodeToString(name[:12]) + ":" + base64.RawURLEncoding.EncodeToString(member[:16])
}

// Package derive makes the keys of sessions and JWTs out of a host's secrets.
package derive

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"github.com/passwd-go/passwd"
)

const (
	minSecret  = 32
	maxSecrets = 16
)

// Keys derives a key of 32 bytes from each secret, that of k.Current first. The
// info separates purposes: no two keys of different info are related in a way
// that can be computed. Its errors begin with the field at fault.
func Keys(k passwd.Keys, info string) ([][]byte, error) {
	secrets := append([][]byte{k.Current}, k.Previous...)
	if len(secrets) > maxSecrets {
		return nil, fmt.Errorf("Keys.Previous: %d keys, at most %d", len(k.Previous), maxSecrets-1)
	}
	keys := make([][]byte, len(secrets))
	for i, secret := range secrets {
		field := "Keys.Current"
		if i > 0 {
			field = fmt.Sprintf("Keys.Previous[%d]", i-1)
		}
		if len(secret) < minSecret {
			return nil, fmt.Errorf("%s: %d bytes, need %d random bytes or more", field, len(secret), minSecret)
		}
		if bytes.Count(secret, []byte{0}) == len(secret) {
			return nil, fmt.Errorf("%s: all zero bytes; fill it with 32 random ones from the secret store", field)
		}
		key, err := hkdf.Key(sha256.New, secret, nil, "passwd/v1/"+info, sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", field, err)
		}
		keys[i] = key
	}
	return keys, nil
}

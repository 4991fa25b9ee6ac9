package foreign

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/json"
	"strings"

	"github.com/passwd-go/passwd/pwhash"
)

// parseKeycloak reads a credential as Keycloak exports it: an object with the
// JSON texts credentialData (the costs) and secretData (salt and key, in base64).
// The length of the key is that of its value: it is not stored for PBKDF2.
func parseKeycloak(s string, h *Hasher) (stored, error) {
	if !strings.HasPrefix(s, "{") || !strings.Contains(s, `"credentialData"`) {
		return stored{}, errFormat
	}
	var credential struct{ CredentialData, SecretData string }
	var data struct {
		HashIterations       uint64
		Algorithm            string
		AdditionalParameters struct{ HashLength, Memory, Type, Version, Parallelism []string }
	}
	var secret struct{ Value, Salt string }
	if json.Unmarshal([]byte(s), &credential) != nil ||
		json.Unmarshal([]byte(credential.CredentialData), &data) != nil ||
		json.Unmarshal([]byte(credential.SecretData), &secret) != nil {
		return stored{}, errFormat
	}
	salt, ok1 := padded(secret.Salt)
	key, ok2 := padded(secret.Value)
	if !ok1 || !ok2 {
		return stored{}, errFormat
	}
	switch data.Algorithm {
	case "pbkdf2":
		return pbkdf2Hash(h, sha1.New, data.HashIterations, salt, key)
	case "pbkdf2-sha256":
		return pbkdf2Hash(h, sha256.New, data.HashIterations, salt, key)
	case "pbkdf2-sha512":
		return pbkdf2Hash(h, sha512.New, data.HashIterations, salt, key)
	case "argon2":
		p := data.AdditionalParameters
		kib, ok1 := number(single(p.Memory))
		lanes, ok2 := number(single(p.Parallelism))
		version, ok3 := map[string]uint32{"1.3": pwhash.Argon2Version, "1.0": pwhash.Argon2Version10}[single(p.Version)]
		if !ok1 || !ok2 || !ok3 {
			return stored{}, errFormat
		}
		return argon2Hash(h, single(p.Type), version, argon2Costs{kib, data.HashIterations, lanes}, salt, key)
	}
	return stored{}, errFormat
}

func single(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

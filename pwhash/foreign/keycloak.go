package foreign

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/json"
	"hash"
	"strings"

	"github.com/passwd-go/passwd/pwhash"
)

// parseKeycloak reads a credential as Keycloak exports it: an object with the
// JSON texts credentialData (the costs) and secretData (salt and key, in base64).
// The length of the key is that of its value: it is not stored for PBKDF2.
func parseKeycloak(s string, h *Hasher) (stored, error) {
	if strings.HasPrefix(s, "{") && strings.Contains(s, `"hashedSaltedValue"`) {
		return parseKeycloak7(s, h)
	}
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
		return stored{}, malformed("JSON")
	}
	if data.Algorithm == "bcrypt" { // of a plug-in: the whole hash is the value
		return parseBcrypt(secret.Value, h)
	}
	salt, ok1 := padded(secret.Salt)
	key, ok2 := padded(secret.Value)
	var r reader
	r.check("salt", ok1)
	r.check("value", ok2)
	if r.err != nil {
		return stored{}, r.err
	}
	if prf, ok := keycloakPRF(data.Algorithm); ok {
		return pbkdf2Hash(h, prf, data.HashIterations, salt, key)
	}
	switch data.Algorithm {
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
	return stored{}, malformed("algorithm")
}

func keycloakPRF(algorithm string) (func() hash.Hash, bool) {
	switch algorithm {
	case "pbkdf2":
		return sha1.New, true
	case "pbkdf2-sha256":
		return sha256.New, true
	case "pbkdf2-sha512":
		return sha512.New, true
	}
	return nil, false
}

// parseKeycloak7 reads a credential of a realm exported before Keycloak 8, which had
// everything in one object.
func parseKeycloak7(s string, h *Hasher) (stored, error) {
	var credential struct {
		HashedSaltedValue, Salt, Algorithm string
		HashIterations                     uint64
	}
	if json.Unmarshal([]byte(s), &credential) != nil {
		return stored{}, malformed("JSON")
	}
	if credential.Algorithm == "bcrypt" {
		return parseBcrypt(credential.HashedSaltedValue, h)
	}
	prf, known := keycloakPRF(credential.Algorithm)
	salt, ok1 := padded(credential.Salt)
	key, ok2 := padded(credential.HashedSaltedValue)
	var r reader
	r.check("algorithm", known)
	r.check("salt", ok1)
	r.check("hashedSaltedValue", ok2)
	if r.err != nil {
		return stored{}, r.err
	}
	return pbkdf2Hash(h, prf, credential.HashIterations, salt, key)
}

func single(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

package foreign

import (
	"crypto/aes"
	"crypto/cipher"
	"strings"
)

// parseFirebase reads Firebase's variant of scrypt, with the project's parameters
// in the string, as Supabase spells it:
//
//	$fbscrypt$v=1,n=14,r=8,p=1,ss=separator,sk=signer key$salt$tag
//
// or Kratos:
//
//	$firescrypt$ln=14,r=8,p=1$salt$tag$separator$signer key
func parseFirebase(s string, h *Hasher) (stored, error) {
	var costs []uint64
	var encoded [4]string // salt, tag, separator, signer key
	if f, ok := fields(s, "$firescrypt$", 5); ok {
		if costs, ok = assignments(f[0], "ln", "r", "p"); !ok {
			return stored{}, errFormat
		}
		encoded = [4]string(f[1:])
	} else if f, ok := fields(s, "$fbscrypt$v=1,", 3); ok {
		settings, signer, ok1 := strings.Cut(f[0], ",sk=")
		settings, separator, _ := strings.Cut(settings, ",ss=")
		var ok2 bool
		if costs, ok2 = assignments(settings, "n", "r", "p"); !ok1 || !ok2 {
			return stored{}, errFormat
		}
		encoded = [4]string{f[1], f[2], separator, signer}
	} else {
		return stored{}, errFormat
	}
	var b [4][]byte
	for i, e := range encoded {
		var ok bool
		if b[i], ok = padded(e); !ok {
			return stored{}, errFormat
		}
	}
	return firebaseHash(h, costs, b[0], b[1], b[2], b[3])
}

// firebaseHash has the signer key, encrypted under a key of scrypt, for a tag.
func firebaseHash(h *Hasher, costs []uint64, salt, tag, separator, signer []byte) (stored, error) {
	if costs[0] < 1 || costs[0] >= 64 || len(tag) != len(signer) || len(salt) == 0 {
		return stored{}, errFormat
	}
	salt = append(salt[:len(salt):len(salt)], separator...)
	p, err := scryptHash(h, 1<<costs[0], costs[1], costs[2], salt, make([]byte, 32))
	if err != nil {
		return stored{}, err
	}
	if err := within("tag", uint64(len(tag)), minTag, 4*maxTag); err != nil {
		return stored{}, err
	}
	return stored{tag: tag, price: p.price, derive: func(password string) ([]byte, error) {
		key, err := p.derive(password)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		out := make([]byte, len(signer))
		cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(out, signer)
		return out, nil
	}}, nil
}

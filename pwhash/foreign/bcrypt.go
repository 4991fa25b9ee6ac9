package foreign

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/passwd-go/passwd/pwhash/internal/form"
	"golang.org/x/crypto/bcrypt"
)

const bcryptLimit = 72 // bytes of its input that bcrypt reads

// parseBcrypt reads $2a$, $2b$ and $2y$. Like the stacks that wrote them, it cuts
// a password at 72 bytes: a user who chose a longer one there can still sign in, and
// the hash made at that sign-in holds all of it. pwhash.Argon2id, which also reads
// bcrypt, is strict: there a longer password never matches.
func parseBcrypt(s string, h *Hasher) (stored, error) {
	return bcryptOver(s, h, func(password string) string { return password })
}

// bcryptOver is bcrypt of what prepare makes of a password. Where that has a NUL,
// nothing matches: stacks differ on what bcrypt then reads, and x/crypto takes
// "a\0a" for "a".
func bcryptOver(s string, h *Hasher, prepare func(password string) string) (stored, error) {
	if err := checkBcrypt(s, "aby", h); err != nil {
		return stored{}, err
	}
	return stored{price: bcryptPrice(s), match: func(password string) bool {
		input := prepare(password)
		err := bcrypt.CompareHashAndPassword([]byte(s), []byte(input[:min(len(input), bcryptLimit)]))
		return err == nil && !strings.Contains(input, "\x00")
	}}, nil
}

func checkBcrypt(s, letters string, h *Hasher) error {
	cost, ok := form.BcryptCost(s, letters)
	if !ok && len(s) > 3 && s[:2] == "$2" && strings.Contains(letters, s[2:3]) {
		return malformed("")
	}
	if !ok {
		return errFormat
	}
	return h.Bounds.Bcrypt(cost)
}

func bcryptPrice(s string) price {
	return price{"cost=" + strings.TrimPrefix(s[4:6], "0"), 4 << 10}
}

// parseBcrypt2x reads $2x$, which old crypt_blowfish and PHP wrote: bytes over
// 127 were extended by their sign, and spilled over those before them.
func parseBcrypt2x(s string, h *Hasher) (stored, error) {
	if err := checkBcrypt(s, "x", h); err != nil {
		return stored{}, err
	}
	return stored{price: bcryptPrice(s), match: func(password string) bool {
		err := bcrypt.CompareHashAndPassword([]byte("$2b"+s[3:]), signExtended(password))
		return err == nil && !strings.Contains(password, "\x00")
	}}, nil
}

// signExtended makes the 18 words that the faulty key schedule would have used
// of a password. They fill the 72 bytes which the correct one reads.
func signExtended(password string) []byte {
	key := password + "\x00"
	var words []byte
	for next := 0; len(words) < bcryptLimit; {
		var word uint32
		for range 4 {
			word = word<<8 | uint32(int32(int8(key[next%len(key)])))
			next++
		}
		words = binary.BigEndian.AppendUint32(words, word)
	}
	return words
}

// parseDevise reads what Devise makes with config.pepper: bcrypt of the password
// with the pepper after it, cut at 72 bytes together.
func parseDevise(s string, h *Hasher) (stored, error) {
	return bcryptOver(s, h, func(password string) string { return password + h.DevisePepper })
}

// parseMeteor reads bcrypt of the SHA-256 that a Meteor client sends, in hex.
func parseMeteor(s string, h *Hasher) (stored, error) { return bcryptOver(s, h, sha256Hex) }

func sha256Hex(password string) string {
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:])
}

// parseFlaskSecurity reads bcrypt of a base64 HMAC-SHA-512 whose key is the
// configured SECURITY_PASSWORD_SALT.
func parseFlaskSecurity(s string, h *Hasher) (stored, error) {
	return bcryptOver(s, h, func(password string) string {
		mac := hmac.New(sha512.New, []byte(h.FlaskSecuritySalt))
		mac.Write([]byte(password))
		return base64.StdEncoding.EncodeToString(mac.Sum(nil))
	})
}

// parsePasslibBcryptSHA256 reads both versions of Passlib's bcrypt_sha256:
// $bcrypt-sha256$v=2,t=2b,r=12$salt$digest with an HMAC that has the salt's text
// for a key, and $bcrypt-sha256$2b,12$salt$digest with a bare SHA-256.
func parsePasslibBcryptSHA256(s string, h *Hasher) (stored, error) {
	f, ok := fields(s, "$bcrypt-sha256$", 3)
	if !ok {
		return stored{}, errFormat
	}
	settings, salt := f[0], f[1]
	rest, second := strings.CutPrefix(settings, "v=2,t=")
	variant, cost, ok := strings.Cut(rest, ",")
	if second && ok {
		cost, ok = strings.CutPrefix(cost, "r=")
	}
	if n, isNumber := number(cost); !ok || !isNumber || n > 99 {
		return stored{}, errFormat
	}
	if len(cost) == 1 {
		cost = "0" + cost
	}
	if variant != "2a" && variant != "2b" && variant != "2y" {
		return stored{}, errFormat
	}
	return bcryptOver("$"+variant+"$"+cost+"$"+salt+f[2], h, func(password string) string {
		digest := sha256.New()
		if second {
			digest = hmac.New(sha256.New, []byte(salt))
		}
		digest.Write([]byte(password))
		return base64.StdEncoding.EncodeToString(digest.Sum(nil))
	})
}

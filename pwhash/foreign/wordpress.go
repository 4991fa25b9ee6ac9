package foreign

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"strings"
)

// parseWordPress reads $wp$2y$ (WordPress 6.8 and later: bcrypt of a base64
// HMAC-SHA-384) and the $P$ of phpass before that. WordPress takes white space
// off both ends of a password when it is set and at every sign-in.
func parseWordPress(s string, h *Hasher) (stored, error) {
	if inner, ok := strings.CutPrefix(s, "$wp"); ok {
		return bcryptOver(inner, h, func(password string) string {
			mac := hmac.New(sha512.New384, []byte("wp-sha384"))
			mac.Write([]byte(phpTrim(password)))
			return base64.StdEncoding.EncodeToString(mac.Sum(nil))
		})
	}
	if !strings.HasPrefix(s, "$P$") {
		return stored{}, errFormat
	}
	p, err := parsePhpass(s, h)
	derive := p.derive
	p.derive = func(password string) ([]byte, error) { return derive(phpTrim(password)) }
	return p, err
}

func phpTrim(s string) string { return strings.Trim(s, " \t\n\r\x00\x0b") }

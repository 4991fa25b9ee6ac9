package session

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/passwd-go/passwd"
)

const (
	tokenSize   = 32 // bytes
	tokenDigits = 2 * tokenSize
)

func newToken() Token {
	var b [tokenSize]byte
	rand.Read(b[:])
	return Token(hex.EncodeToString(b[:]))
}

func newPair() Pair { return Pair{Access: newToken(), Refresh: newToken()} }

// of completes a pair with the session as it is stored.
func (p Pair) of(r Record) Pair {
	p.Session = r.Session
	p.ExpiresIn = r.AccessUntil.Sub(r.IssuedAt).Truncate(time.Second)
	return p
}

// plausible reports whether a text has the one form that tokens have.
func plausible(text string) bool {
	return len(text) == tokenDigits && strings.Trim(text, "0123456789abcdef") == ""
}

// digest is what the store knows a token by, under the i-th key. The kind is part
// of it, so that no access token passes for a refresh token.
func (m *Manager) digest(i int, k Kind, t Token) passwd.Digest {
	h := hmac.New(sha256.New, m.keys[i])
	io.WriteString(h, string(k)+":"+string(t))
	return passwd.Digest(h.Sum(nil))
}

const (
	maxClient     = 255     // bytes
	maxDevice     = 1 << 14 // bytes
	maxDeviceName = 128     // characters
	maxUserAgent  = 256     // characters
)

// check refuses what is too long, or no text.
func (i Info) check() error {
	if len(i.Client) > maxClient || !utf8.ValidString(i.Client) || strings.ContainsRune(i.Client, 0) || len(i.Device) > maxDevice {
		return passwd.ErrInvalidRequest
	}
	return nil
}

// device names the device by a digest, which fits an index however long the
// client's own name for it is. It needs no key: the name opens nothing.
func (i Info) device(id string) [sha256.Size]byte {
	if i.Device == "" {
		return sha256.Sum256([]byte("session:" + id))
	}
	return sha256.Sum256([]byte("device:" + i.Device))
}

// display makes a text of a client fit to be stored and shown: valid, without
// control characters, and of at most max characters.
func display(text string, max int) string {
	text = text[:min(len(text), utf8.UTFMax*max)]
	n := 0
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch n++; {
		case n > max, r == utf8.RuneError:
			return -1
		case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp):
			return ' '
		}
		return r
	}, text))
}

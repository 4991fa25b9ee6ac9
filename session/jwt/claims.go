package jwt

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"time"

	gojwt "github.com/golang-jwt/jwt/v5"
)

// header is the JOSE header as it is written, in this order.
type header struct {
	Type      string `json:"typ"`
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid,omitempty"`
}

// payload is the claims as they are written, in this order, and read.
type payload struct {
	Issuer    string             `json:"iss"`
	Subject   subject            `json:"sub"`
	Audience  gojwt.ClaimStrings `json:"aud,omitempty"`
	IssuedAt  int64              `json:"iat"`
	ExpiresAt int64              `json:"exp"`
	NotBefore *float64           `json:"nbf,omitempty"` // never written
	Epoch     int64              `json:"epoch"`
	Tenant    string             `json:"tenant,omitempty"`
	Purpose   string             `json:"purpose,omitempty"`
	Bound     string             `json:"bound,omitempty"`
}

var errClaims = errors.New("claims are incomplete, or another purpose's")

// Validate is called by the parser after its own checks.
func (p *payload) Validate() error {
	if p.Epoch <= 0 || p.Subject.id == "" || p.IssuedAt <= 0 || p.ExpiresAt <= 0 {
		return errClaims
	}
	return nil
}

func date(seconds int64) *gojwt.NumericDate {
	return &gojwt.NumericDate{Time: time.Unix(seconds, 0).UTC()}
}

// The claims as the parser asks for them. A missing "exp" is 0, which
// Validate refuses.

func (p *payload) GetExpirationTime() (*gojwt.NumericDate, error) { return date(p.ExpiresAt), nil }
func (p *payload) GetIssuedAt() (*gojwt.NumericDate, error)       { return date(p.IssuedAt), nil }
func (p *payload) GetIssuer() (string, error)                     { return p.Issuer, nil }
func (p *payload) GetSubject() (string, error)                    { return p.Subject.id, nil }
func (p *payload) GetAudience() (gojwt.ClaimStrings, error)       { return p.Audience, nil }

func (p *payload) GetNotBefore() (*gojwt.NumericDate, error) {
	if p.NotBefore == nil {
		return nil, nil
	}
	const most = 1 << 40 // seconds; far beyond any clock, within what time.Unix takes
	if !(*p.NotBefore >= 0 && *p.NotBefore <= most) {
		return nil, errClaims
	}
	seconds, fraction := math.Modf(*p.NotBefore)
	return &gojwt.NumericDate{Time: time.Unix(int64(seconds), int64(fraction*float64(time.Second)))}, nil
}

// subject is an account id, written as a JSON string or number.
type subject struct {
	id      string
	numeric bool // where the id is a number
}

// maxExact is the largest integer that every JSON reader takes for what it is
// (RFC 8259 §6).
const maxExact = 1<<53 - 1

// exact reports whether an id is a decimal number in its one usual form.
func exact(id string) bool {
	n, err := strconv.ParseUint(id, 10, 64)
	return err == nil && n <= maxExact && strconv.FormatUint(n, 10) == id
}

func (s subject) MarshalJSON() ([]byte, error) {
	if s.numeric && exact(s.id) {
		return []byte(s.id), nil
	}
	return json.Marshal(s.id)
}

func (s *subject) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte(`"`)) {
		return json.Unmarshal(text, &s.id)
	}
	if !exact(string(text)) {
		return errClaims
	}
	s.id = string(text)
	return nil
}

// bound is what a token holds of the values it is bound to: one keyed digest of
// all, in their order. Without values it is "".
func bound(key []byte, values []string) string {
	if len(values) == 0 {
		return ""
	}
	h := hmac.New(sha256.New, key)
	var size [8]byte
	for _, v := range values {
		binary.BigEndian.PutUint64(size[:], uint64(len(v)))
		h.Write(size[:])
		io.WriteString(h, v)
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

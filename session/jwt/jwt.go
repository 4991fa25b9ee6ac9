package jwt

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"time"

	gojwt "github.com/golang-jwt/jwt/v5"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session/internal/derive"
)

// Algorithm is how tokens are signed.
type Algorithm string

// The algorithms.
const (
	HS256 Algorithm = "HS256" // one secret key: whoever verifies can issue
	EdDSA Algorithm = "EdDSA" // Ed25519: others verify by a public key
)

// Config is what an [Authority] is made of. Purpose, Issuer, Keys and Live are
// required; the zero value of every other field is its default.
type Config struct {
	// Purpose is what the tokens are for: 1 to 64 of a to z, 0 to 9, ".", "-", "_"
	// and "/". Authorities of different purposes refuse each other's tokens.
	Purpose string
	// Issuer is the claim "iss", and required of every token.
	Issuer string
	// Audience is the claim "aud", and required of every token. If "", there is none.
	Audience string
	// Keys are the service's. The authority derives its own from them.
	Keys passwd.Keys
	// Live tells whether what was opened at an epoch is still good: the service's
	// method of that name.
	Live func(ctx context.Context, r passwd.Ref, epoch int64) (passwd.Reason, error)

	// Algorithm signs, and is the only one accepted. If "", HS256.
	Algorithm Algorithm
	// TTL is how long a token is good: a whole number of seconds, at most 30 days.
	// If 0, one hour.
	TTL time.Duration
	// Leeway is how much the clocks of issuer and verifier may differ, at most a
	// minute. If 0, none.
	Leeway time.Duration

	// NumericSubject writes the claim "sub" as a JSON number where the account's id
	// is one: decimal, without leading zeros, and at most 2^53-1. RFC 7519 §4.1.2
	// wants a string, and many libraries accept nothing else.
	NumericSubject bool
	// Minimal leaves out what is not needed to verify a token: the key id in the
	// header, so that every key is tried, and the claim "purpose". It is for clients
	// that expect exactly the documented header and claims.
	Minimal bool

	// Now is the clock. If nil, time.Now.
	Now func() time.Time
}

const (
	maxToken   = 4096
	maxTTL     = 30 * 24 * time.Hour
	maxLeeway  = time.Minute
	defaultTTL = time.Hour
)

func (c Config) validate() error {
	switch {
	case !purposeForm.MatchString(c.Purpose):
		return errors.New(`jwt: Config.Purpose is required: 1 to 64 of a to z, 0 to 9, ".", "-", "_" and "/"`)
	case c.Issuer == "":
		return errors.New("jwt: Config.Issuer is required")
	case c.Live == nil:
		return errors.New("jwt: Config.Live is required: the service's method of that name")
	case c.TTL < time.Second || c.TTL > maxTTL || c.TTL%time.Second != 0:
		return fmt.Errorf("jwt: Config.TTL: %v is not a number of seconds within %v", c.TTL, maxTTL)
	case c.Leeway < 0 || c.Leeway > maxLeeway:
		return fmt.Errorf("jwt: Config.Leeway: %v is not within 0 and %v", c.Leeway, maxLeeway)
	}
	return nil
}

var purposeForm = regexp.MustCompile(`^[a-z0-9._/-]{1,64}$`)

// Authority issues and verifies the tokens of one purpose. It is immutable and
// safe for concurrent use; make it once with [New].
type Authority struct {
	cfg    Config
	method gojwt.SigningMethod
	parser *gojwt.Parser
	keys   []key // that of Keys.Current first
}

type key struct {
	id     string
	sign   any
	verify gojwt.VerificationKey
	bind   []byte
}

// New checks the configuration, whose error names the field, and makes an
// authority.
func New(cfg Config) (*Authority, error) {
	if cfg.Algorithm == "" {
		cfg.Algorithm = HS256
	}
	if cfg.TTL == 0 {
		cfg.TTL = defaultTTL
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	a := &Authority{cfg: cfg}
	if err := a.derive(); err != nil {
		return nil, err
	}
	a.cfg.Keys = passwd.Keys{} // the derived keys are all that is needed from here on
	options := []gojwt.ParserOption{
		gojwt.WithValidMethods([]string{a.method.Alg()}), gojwt.WithStrictDecoding(),
		gojwt.WithTimeFunc(cfg.Now), gojwt.WithLeeway(cfg.Leeway),
		gojwt.WithExpirationRequired(), gojwt.WithIssuer(cfg.Issuer),
	}
	if cfg.Audience != "" {
		options = append(options, gojwt.WithAudience(cfg.Audience))
	}
	a.parser = gojwt.NewParser(options...)
	return a, nil
}

// derive makes the keys of the purpose and algorithm, so that neither another
// purpose nor another algorithm has one of them.
func (a *Authority) derive() error {
	switch a.cfg.Algorithm {
	case HS256:
		a.method = gojwt.SigningMethodHS256
	case EdDSA:
		a.method = gojwt.SigningMethodEdDSA
	default:
		return fmt.Errorf("jwt: Config.Algorithm: %q is neither HS256 nor EdDSA", a.cfg.Algorithm)
	}
	info := func(use string) string { return "jwt/" + use + "/" + string(a.cfg.Algorithm) + "/" + a.cfg.Purpose }
	secrets, err := derive.Keys(a.cfg.Keys, info("sign"))
	if err != nil {
		return fmt.Errorf("jwt: Config.%w", err)
	}
	bind, err := derive.Keys(a.cfg.Keys, info("bind"))
	if err != nil {
		return fmt.Errorf("jwt: Config.%w", err)
	}
	ids, err := derive.Keys(a.cfg.Keys, info("kid"))
	if err != nil {
		return fmt.Errorf("jwt: Config.%w", err)
	}
	for i, secret := range secrets {
		k := key{id: hex.EncodeToString(ids[i][:8]), bind: bind[i], sign: secret, verify: secret}
		if a.cfg.Algorithm == EdDSA {
			private := ed25519.NewKeyFromSeed(secret)
			k.sign, k.verify = private, private.Public().(ed25519.PublicKey)
		}
		a.keys = append(a.keys, k)
	}
	return nil
}

// VerificationKey lets another program verify tokens, except for their epoch.
type VerificationKey struct {
	ID string // the "kid" of tokens made with the key, unless they are Minimal
	// Key is an ed25519.PublicKey for EdDSA. For HS256 it is a []byte of 32 bytes,
	// and a secret: whoever has it can issue tokens.
	Key any
}

// VerificationKeys returns the keys in use, that which signs first.
func (a *Authority) VerificationKeys() []VerificationKey {
	keys := make([]VerificationKey, len(a.keys))
	for i, k := range a.keys {
		keys[i].ID = k.id
		switch v := k.verify.(type) {
		case []byte:
			keys[i].Key = append([]byte(nil), v...)
		case ed25519.PublicKey:
			keys[i].Key = append(ed25519.PublicKey(nil), v...)
		}
	}
	return keys
}

// Token is a JWT. It prints and marshals as "[redacted]"; string(t) is the token
// itself.
type Token string

const redacted = "[redacted]"

// String returns "[redacted]", as Format, LogValue and MarshalText do.
func (Token) String() string               { return redacted }
func (Token) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Token) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Claims is what a verified token says.
type Claims struct {
	Account   passwd.Ref
	Epoch     int64     // of the account, when the token was issued
	IssuedAt  time.Time // to the second
	ExpiresAt time.Time // to the second; dead from then on, apart from Config.Leeway
}

package jwt_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	gojwt "github.com/golang-jwt/jwt/v5"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session/jwt"
)

// forgery is a token under construction: what the authority would write, to be
// spoiled.
type forgery struct {
	header map[string]any
	claims map[string]any
	method gojwt.SigningMethod
	key    any
}

func (k *kit) forgery() *forgery {
	key := k.jwt.VerificationKeys()[0]
	now := k.Clock.Now().Unix()
	return &forgery{
		header: map[string]any{"typ": "JWT", "alg": "HS256", "kid": key.ID},
		claims: map[string]any{
			"iss": k.cfg.Issuer, "sub": "33", "iat": now, "exp": now + 3600, "epoch": k.ada.Epoch, "purpose": "test",
		},
		method: gojwt.SigningMethodHS256, key: key.Key,
	}
}

func (f *forgery) sign(t testing.TB) string {
	t.Helper()
	head, err := json.Marshal(f.header)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(f.claims)
	if err != nil {
		t.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body)
	signature, err := f.method.Sign(text, f.key)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// One refusal for each rule (T8). Those with a good signature could be made by
// nobody but us: they show that each rule is checked by itself.
func TestRefused(t *testing.T) {
	k := newKit(t, nil)
	now := k.Clock.Now().Unix()
	other := []byte(strings.Repeat("k", 32))
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	unsigned := func(f *forgery) { f.method, f.key = gojwt.SigningMethodNone, gojwt.UnsafeAllowNoneSignatureType }
	for _, tt := range []struct {
		name  string
		spoil func(*forgery)
		want  error // nil if it is good after all
	}{
		{"nothing spoiled", func(*forgery) {}, nil},

		{"alg none", func(f *forgery) { f.header["alg"] = "none"; unsigned(f) }, passwd.ErrUnauthenticated},
		{"alg None", func(f *forgery) { f.header["alg"] = "None"; unsigned(f) }, passwd.ErrUnauthenticated},
		{"alg HS256, no signature", unsigned, passwd.ErrUnauthenticated},
		{"no alg", func(f *forgery) { delete(f.header, "alg") }, passwd.ErrUnauthenticated},
		{"alg HS512, the right key", func(f *forgery) { f.header["alg"], f.method = "HS512", gojwt.SigningMethodHS512 }, passwd.ErrUnauthenticated},
		{"alg HS512, signed as HS256", func(f *forgery) { f.header["alg"] = "HS512" }, passwd.ErrUnauthenticated},
		{"alg EdDSA, a key of their own", func(f *forgery) {
			f.header["alg"], f.method, f.key = "EdDSA", gojwt.SigningMethodEdDSA, private
		}, passwd.ErrUnauthenticated},
		{"alg of another type", func(f *forgery) { f.header["alg"] = []string{"HS256"} }, passwd.ErrUnauthenticated},
		{"another key", func(f *forgery) { f.key = other }, passwd.ErrUnauthenticated},
		{"an empty key", func(f *forgery) { f.key = []byte{} }, passwd.ErrUnauthenticated},

		{"no typ", func(f *forgery) { delete(f.header, "typ") }, passwd.ErrUnauthenticated},
		{"another typ", func(f *forgery) { f.header["typ"] = "at+jwt" }, passwd.ErrUnauthenticated},
		{"no kid", func(f *forgery) { delete(f.header, "kid") }, passwd.ErrUnauthenticated},
		{"an unknown kid", func(f *forgery) { f.header["kid"] = "0011223344556677" }, passwd.ErrUnauthenticated},
		{"a kid that is a path", func(f *forgery) { f.header["kid"] = "../../dev/null"; f.key = []byte{} }, passwd.ErrUnauthenticated},
		{"something critical", func(f *forgery) { f.header["crit"] = []string{"b64"}; f.header["b64"] = false }, passwd.ErrUnauthenticated},

		{"expired", func(f *forgery) { f.claims["exp"] = now }, passwd.ErrEnded},
		{"no exp", func(f *forgery) { delete(f.claims, "exp") }, passwd.ErrUnauthenticated},
		{"exp in words", func(f *forgery) { f.claims["exp"] = "never" }, passwd.ErrUnauthenticated},
		{"no iat", func(f *forgery) { delete(f.claims, "iat") }, passwd.ErrUnauthenticated},
		{"nbf in a second", func(f *forgery) { f.claims["nbf"] = now + 1 }, passwd.ErrUnauthenticated},
		{"nbf in half a second", func(f *forgery) { f.claims["nbf"] = float64(now) + 0.5 }, passwd.ErrUnauthenticated},
		{"nbf now", func(f *forgery) { f.claims["nbf"] = now }, nil},
		{"nbf beyond all clocks", func(f *forgery) { f.claims["nbf"] = 1e300 }, passwd.ErrUnauthenticated},
		{"a negative nbf", func(f *forgery) { f.claims["nbf"] = -1 }, passwd.ErrUnauthenticated},

		{"no iss", func(f *forgery) { delete(f.claims, "iss") }, passwd.ErrUnauthenticated},
		{"another iss", func(f *forgery) { f.claims["iss"] = "https://evil.example" }, passwd.ErrUnauthenticated},
		{"no purpose", func(f *forgery) { delete(f.claims, "purpose") }, passwd.ErrUnauthenticated},
		{"another purpose", func(f *forgery) { f.claims["purpose"] = "signin" }, passwd.ErrUnauthenticated},
		{"for an audience", func(f *forgery) { f.claims["aud"] = "shop" }, passwd.ErrUnauthenticated},

		{"no epoch", func(f *forgery) { delete(f.claims, "epoch") }, passwd.ErrUnauthenticated},
		{"epoch 0", func(f *forgery) { f.claims["epoch"] = 0 }, passwd.ErrUnauthenticated},
		{"epoch in words", func(f *forgery) { f.claims["epoch"] = "1" }, passwd.ErrUnauthenticated},
		{"another epoch", func(f *forgery) { f.claims["epoch"] = k.ada.Epoch - 1 }, passwd.ErrEnded},
		{"the epoch to come", func(f *forgery) { f.claims["epoch"] = k.ada.Epoch + 1 }, passwd.ErrEnded},

		{"no sub", func(f *forgery) { delete(f.claims, "sub") }, passwd.ErrUnauthenticated},
		{"an empty sub", func(f *forgery) { f.claims["sub"] = "" }, passwd.ErrUnauthenticated},
		{"sub null", func(f *forgery) { f.claims["sub"] = nil }, passwd.ErrUnauthenticated},
		{"a sub that is no id", func(f *forgery) { f.claims["sub"] = []int{33} }, passwd.ErrUnauthenticated},
		{"a broken sub", func(f *forgery) { f.claims["sub"] = 33.5 }, passwd.ErrUnauthenticated},
		{"another sub", func(f *forgery) { f.claims["sub"] = "34" }, passwd.ErrEnded},
		{"another tenant", func(f *forgery) { f.claims["tenant"] = "north" }, passwd.ErrEnded},
		{"bound", func(f *forgery) { f.claims["bound"] = "AAAA" }, passwd.ErrUnauthenticated},
		{"too long, though signed", func(f *forgery) { f.claims["more"] = strings.Repeat("x", 4096) }, passwd.ErrUnauthenticated},
		{"an unknown claim", func(f *forgery) { f.claims["more"] = "x" }, nil},
	} {
		f := k.forgery()
		tt.spoil(f)
		k.wantVerify(tt.name, k.jwt, f.sign(t), tt.want)
	}
}

// Key material in the header has no effect (T8): neither does it verify a token,
// nor does it spoil one.
func TestKeyMaterialInHeader(t *testing.T) {
	k := newKit(t, nil)
	theirs := []byte(strings.Repeat("k", 32))
	jwk := map[string]any{"kty": "oct", "alg": "HS256", "k": base64.RawURLEncoding.EncodeToString(theirs)}
	material := map[string]any{
		"jwk": jwk,
		"jku": "http://127.0.0.1:1/keys.json",
		"x5u": "http://127.0.0.1:1/cert.pem",
		"x5c": []string{base64.StdEncoding.EncodeToString(theirs)},
	}
	for name, value := range material {
		f := k.forgery()
		f.header[name] = value
		k.wantVerify("ours, with "+name, k.jwt, f.sign(t), nil)
		f.key = theirs
		k.wantVerify("theirs, with "+name, k.jwt, f.sign(t), passwd.ErrUnauthenticated)
		delete(f.header, "kid")
		k.wantVerify("theirs, with "+name+" and without kid", k.jwt, f.sign(t), passwd.ErrUnauthenticated)
		plain := k.authority(minimal)
		k.wantVerify("theirs, with "+name+", to a minimal one", plain, f.sign(t), passwd.ErrUnauthenticated)
	}
}

// A public key is no secret: who signs with it as if it were one is refused.
func TestPublicKeyAsSecret(t *testing.T) {
	k := newKit(t, func(c *jwt.Config) { c.Algorithm = jwt.EdDSA })
	f := k.forgery()
	f.key = []byte(f.key.(ed25519.PublicKey))
	k.wantVerify("HS256 under the public key", k.jwt, f.sign(t), passwd.ErrUnauthenticated)
	f.header["alg"] = "EdDSA"
	k.wantVerify("the same, called EdDSA", k.jwt, f.sign(t), passwd.ErrUnauthenticated)
}

// No authority takes a token of another purpose, algorithm, issuer or audience,
// and none of one another's keys verifies it.
func TestSeparation(t *testing.T) {
	k := newKit(t, nil)
	edits := map[string]func(*jwt.Config){
		"plain":            func(*jwt.Config) {},
		"purpose":          func(c *jwt.Config) { c.Purpose = "other" },
		"EdDSA":            func(c *jwt.Config) { c.Algorithm = jwt.EdDSA },
		"EdDSA, purpose":   func(c *jwt.Config) { c.Algorithm, c.Purpose = jwt.EdDSA, "other" },
		"issuer":           func(c *jwt.Config) { c.Issuer = "https://other.example.com" },
		"audience":         func(c *jwt.Config) { c.Audience = "shop" },
		"another audience": func(c *jwt.Config) { c.Audience = "bank" },
		"minimal":          minimal,
		"minimal, purpose": func(c *jwt.Config) { minimal(c); c.Purpose = "other/signin" },
	}
	authorities := make(map[string]*jwt.Authority)
	for name, edit := range edits {
		authorities[name] = k.authority(edit)
	}
	for issuer, a := range authorities {
		token, err := a.Issue(k.ada)
		if err != nil {
			t.Fatal(err)
		}
		for verifier, b := range authorities {
			want := passwd.ErrUnauthenticated
			if issuer == verifier {
				want = nil
			}
			k.wantVerify("of "+issuer+" to "+verifier, b, string(token), want)
		}
	}
	// Minimal tokens carry no purpose: their keys alone tell them apart.
	for one, other := range map[string]string{"plain": "purpose", "minimal": "minimal, purpose"} {
		a, b := authorities[one].VerificationKeys()[0], authorities[other].VerificationKeys()[0]
		if a.ID == b.ID || slices.Equal(a.Key.([]byte), b.Key.([]byte)) {
			t.Errorf("%s and %s have one key", one, other)
		}
	}
}

func TestExpiry(t *testing.T) {
	for _, tt := range []struct {
		name   string
		leeway time.Duration
		after  time.Duration
		want   error
	}{
		{"right before", 0, time.Hour - time.Microsecond, nil},
		{"at its time", 0, time.Hour, passwd.ErrEnded},
		{"later", 0, 2 * time.Hour, passwd.ErrEnded},
		{"within the leeway", time.Minute, time.Hour + time.Minute - time.Microsecond, nil},
		{"beyond the leeway", time.Minute, time.Hour + time.Minute, passwd.ErrEnded},
	} {
		k := newKit(t, func(c *jwt.Config) { c.Leeway = tt.leeway })
		token := k.issue()
		k.Clock.Advance(tt.after)
		k.wantVerify(tt.name, k.jwt, token, tt.want)
	}
}

// What is no token is refused, and nothing of it is repeated.
func TestMalformed(t *testing.T) {
	k := newKit(t, nil)
	token := k.issue()
	part := strings.Split(token, ".")
	for name, text := range map[string]string{
		"nothing":              "",
		"dots":                 "..",
		"two parts":            part[0] + "." + part[1],
		"four parts":           token + "." + part[2],
		"no signature":         part[0] + "." + part[1] + ".",
		"padding":              token + "=",
		"a line end":           token + "\n",
		"a line end within":    token[:20] + "\r\n" + token[20:],
		"standard base64":      part[0] + "." + part[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace(part[2]) + "+",
		"a header of no JSON":  base64.RawURLEncoding.EncodeToString([]byte("CANARY")) + "." + part[1] + "." + part[2],
		"a header of null":     base64.RawURLEncoding.EncodeToString([]byte("null")) + "." + part[1] + "." + part[2],
		"a body of no JSON":    part[0] + "." + base64.RawURLEncoding.EncodeToString([]byte("CANARY")) + "." + part[2],
		"another alg in words": base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":"CANARY"}`)) + "." + part[1] + "." + part[2],
		"too long":             strings.Repeat("CANARY", 1000),
		"huge":                 part[0] + "." + strings.Repeat("A", 10<<20) + "." + part[2],
	} {
		_, err := k.jwt.Verify(t.Context(), text)
		if !errors.Is(err, passwd.ErrUnauthenticated) || passwd.CodeOf(err) != passwd.CodeUnauthenticated {
			t.Errorf("%s: error %v, want ErrUnauthenticated", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: the error repeats it: %v", name, err)
		}
	}
	if len(part[2]) != 43 {
		t.Fatalf("signature of %d characters", len(part[2]))
	}
	// The last character holds 2 bits that mean nothing: they must be 0.
	last := part[2][42]
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		if byte(c) != last {
			k.wantVerify("another spelling of the signature", k.jwt, token[:len(token)-1]+string(c), passwd.ErrUnauthenticated)
		}
	}
}

// A text of more than 4 KiB is refused before it is parsed: it costs nothing (I8).
func TestLongTokenCostsNothing(t *testing.T) {
	k := newKit(t, nil)
	long := strings.Repeat("A", 10<<20)
	if n := testing.AllocsPerRun(10, func() { k.jwt.Verify(t.Context(), long) }); n > 10 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzVerify(f *testing.F) {
	k := newKit(f, nil)
	good := map[string]bool{k.issue(): true}
	spoiled := k.forgery()
	spoiled.header = maps.Clone(spoiled.header)
	spoiled.header["alg"] = "none"
	for _, seed := range []string{"", "..", k.issue(), spoiled.sign(f), "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.e30."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, err := k.jwt.Verify(t.Context(), token)
		if (err == nil) != good[token] || err != nil && passwd.CodeOf(err) != passwd.CodeUnauthenticated {
			t.Errorf("error %v", err)
		}
	})
}

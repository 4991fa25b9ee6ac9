package jwt_test

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	gojwt "github.com/golang-jwt/jwt/v5"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/session/jwt"
)

const (
	password = "correct horse battery"
	next     = "staple of another colour"
)

// kit is a service with an account, number 33, and an authority.
type kit struct {
	*passwdtest.Kit
	t    testing.TB
	keys passwd.Keys
	cfg  jwt.Config
	jwt  *jwt.Authority
	ada  passwd.SignedIn
}

// newKit makes a kit; edit, unless nil, has the last word on the configuration.
func newKit(t testing.TB, edit func(*jwt.Config)) *kit {
	t.Helper()
	keys := passwd.RandomKeys()
	k := &kit{Kit: passwdtest.New(t, passwd.Config{Keys: keys}), t: t, keys: keys}
	k.Add(t, passwd.Account{Ref: passwd.Ref{ID: "33"}, Username: "ada"}, password)
	k.cfg = jwt.Config{Purpose: "test", Issuer: "https://app.example.com", Keys: keys, Live: k.Service.Live, Now: k.Clock.Now}
	k.jwt = k.authority(edit)
	in, err := k.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	k.ada = in
	return k
}

// authority makes another authority of the kit's configuration, edited.
func (k *kit) authority(edit func(*jwt.Config)) *jwt.Authority {
	k.t.Helper()
	cfg := k.cfg
	if edit != nil {
		edit(&cfg)
	}
	a, err := jwt.New(cfg)
	if err != nil {
		k.t.Fatalf("jwt.New: %v", err)
	}
	return a
}

func (k *kit) issue(bind ...string) string {
	k.t.Helper()
	token, err := k.jwt.Issue(k.ada, bind...)
	if err != nil {
		k.t.Fatalf("Issue: %v", err)
	}
	return string(token)
}

// wantVerify notes a failure unless Verify returns the error, and says enough.
func (k *kit) wantVerify(what string, a *jwt.Authority, token string, want error) {
	k.t.Helper()
	claims, err := a.Verify(k.t.Context(), token)
	if !errors.Is(err, want) {
		k.t.Errorf("%s: error %v, want %v", what, err, want)
	}
	if want != nil && claims != (jwt.Claims{}) {
		k.t.Errorf("%s: refused, and yet %+v", what, claims)
	}
	if want == nil && (claims.Account != k.ada.Account || claims.Epoch == 0) {
		k.t.Errorf("%s: claims are %+v", what, claims)
	}
}

func decode(t testing.TB, segment string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// minimal is the configuration of format 3.
func minimal(c *jwt.Config) {
	c.Purpose, c.Issuer, c.NumericSubject, c.Minimal = "signin", "lumen-jwt", true, true
}

// The token of format 3, to the letter, and verified by hand.
func TestDocumentedForm(t *testing.T) {
	k := newKit(t, minimal)
	token := k.issue()
	part := strings.Split(token, ".")
	if got, want := decode(t, part[0]), `{"typ":"JWT","alg":"HS256"}`; got != want {
		t.Errorf("header is %s, want %s", got, want)
	}
	now := k.Clock.Now().Unix()
	want := fmt.Sprintf(`{"iss":"lumen-jwt","sub":33,"iat":%d,"exp":%d,"epoch":%d}`, now, now+3600, k.ada.Epoch)
	if got := decode(t, part[1]); got != want {
		t.Errorf("claims are %s, want %s", got, want)
	}
	mac := hmac.New(sha256.New, k.jwt.VerificationKeys()[0].Key.([]byte))
	mac.Write([]byte(part[0] + "." + part[1]))
	if !hmac.Equal(mac.Sum(nil), []byte(decode(t, part[2]))) {
		t.Error("the signature is not HMAC-SHA256 under the key that is handed out")
	}
	k.wantVerify("to the letter", k.jwt, token, nil)
}

// Another library verifies what we issue, by the keys that we hand out.
func TestIndependentVerification(t *testing.T) {
	for _, alg := range []jwt.Algorithm{jwt.HS256, jwt.EdDSA} {
		t.Run(string(alg), func(t *testing.T) {
			k := newKit(t, func(c *jwt.Config) { c.Algorithm, c.Audience = alg, "shop" })
			published := make(map[any]any)
			for _, key := range k.jwt.VerificationKeys() {
				published[key.ID] = key.Key
			}
			parsed, err := gojwt.Parse(k.issue(), func(t *gojwt.Token) (any, error) { return published[t.Header["kid"]], nil },
				gojwt.WithValidMethods([]string{string(alg)}), gojwt.WithTimeFunc(k.Clock.Now), gojwt.WithSubject("33"),
				gojwt.WithIssuer(k.cfg.Issuer), gojwt.WithAudience("shop"), gojwt.WithExpirationRequired(), gojwt.WithIssuedAt())
			if err != nil {
				t.Fatal(err)
			}
			if claims := parsed.Claims.(gojwt.MapClaims); claims["purpose"] != "test" || claims["epoch"] != float64(k.ada.Epoch) {
				t.Errorf("claims are %v", claims)
			}
		})
	}
}

func TestVerify(t *testing.T) {
	for _, alg := range []jwt.Algorithm{"", jwt.HS256, jwt.EdDSA} {
		k := newKit(t, func(c *jwt.Config) { c.Algorithm = alg })
		got, err := k.jwt.Verify(t.Context(), k.issue())
		now := k.Clock.Now()
		want := jwt.Claims{Account: k.ada.Account, Epoch: k.ada.Epoch, IssuedAt: now, ExpiresAt: now.Add(time.Hour)}
		if got != want || err != nil {
			t.Errorf("%q: claims %+v, error %v; want %+v", alg, got, err, want)
		}
	}
}

func TestSubject(t *testing.T) {
	live := func(context.Context, passwd.Ref, int64) (passwd.Reason, error) { return "", nil }
	k := newKit(t, nil)
	for _, tt := range []struct {
		id, text, numeric string
	}{
		{"33", `"33"`, `33`},
		{"0", `"0"`, `0`},
		{"9007199254740991", `"9007199254740991"`, `9007199254740991`},
		{"9007199254740992", `"9007199254740992"`, `"9007199254740992"`},
		{"007", `"007"`, `"007"`},
		{"-1", `"-1"`, `"-1"`},
		{"+1", `"+1"`, `"+1"`},
		{"1e3", `"1e3"`, `"1e3"`},
		{" 1", `" 1"`, `" 1"`},
		{"1.0", `"1.0"`, `"1.0"`},
		{"٣٣", `"٣٣"`, `"٣٣"`},
		{"0198c0de-0000-7000-8000-000000000001", `"0198c0de-0000-7000-8000-000000000001"`, `"0198c0de-0000-7000-8000-000000000001"`},
		{`a"b`, `"a\"b"`, `"a\"b"`},
	} {
		for _, numeric := range []bool{false, true} {
			a := k.authority(func(c *jwt.Config) { c.NumericSubject, c.Live = numeric, live })
			in := passwd.SignedIn{Account: passwd.Ref{Tenant: "north", ID: tt.id}, Epoch: 7}
			token, err := a.Issue(in)
			if err != nil {
				t.Errorf("%q: %v", tt.id, err)
				continue
			}
			want := tt.text
			if numeric {
				want = tt.numeric
			}
			if body := decode(t, strings.Split(string(token), ".")[1]); !strings.Contains(body, `"sub":`+want+`,`) {
				t.Errorf("%q, numeric %t: %s, want sub %s", tt.id, numeric, body, want)
			}
			if claims, err := a.Verify(t.Context(), string(token)); claims.Account != in.Account || err != nil {
				t.Errorf("%q, numeric %t: came back as %+v, error %v", tt.id, numeric, claims.Account, err)
			}
		}
	}
}

func TestIssueRefused(t *testing.T) {
	k := newKit(t, nil)
	for name, tt := range map[string]struct {
		in   passwd.SignedIn
		want error
	}{
		"must change first (F7)": {passwd.SignedIn{Account: k.ada.Account, Epoch: 1, Must: passwd.Temporary}, passwd.ErrChangeRequired},
		"no epoch":               {passwd.SignedIn{Account: k.ada.Account}, passwd.ErrEnded},
		"nobody":                 {passwd.SignedIn{}, passwd.ErrEnded},
		"an id without end":      {passwd.SignedIn{Account: passwd.Ref{ID: strings.Repeat("x", 4000)}, Epoch: 1}, passwd.ErrInvalidRequest},
		"an id that is no text":  {passwd.SignedIn{Account: passwd.Ref{ID: "\xff"}, Epoch: 1}, passwd.ErrInvalidRequest},
		"a tenant of no text":    {passwd.SignedIn{Account: passwd.Ref{Tenant: "\xff", ID: "1"}, Epoch: 1}, passwd.ErrInvalidRequest},
	} {
		if token, err := k.jwt.Issue(tt.in); token != "" || !errors.Is(err, tt.want) {
			t.Errorf("%s: error %v, want %v", name, err, tt.want)
		}
	}
}

// A token ends with the epoch (I5, S3), and with its account.
func TestEnds(t *testing.T) {
	ctx := t.Context()
	for name, end := range map[string]func(*kit) error{
		"a change": func(k *kit) error {
			_, err := k.Service.Change(ctx, passwd.Change{Account: k.ada.Account, Current: password, New: next, KeepSession: "any"})
			return err
		},
		"a revocation": func(k *kit) error { _, err := k.Service.Revoke(ctx, passwd.Revoke{Account: k.ada.Account}); return err },
		"a suspension": func(k *kit) error {
			return k.Service.MarkCompromised(ctx, passwd.MarkCompromised{Account: k.ada.Account})
		},
		"the account forgotten": func(k *kit) error { return k.Service.Forget(ctx, k.ada.Account) },
		"the account deleted":   func(k *kit) error { k.Store.Delete(k.ada.Account); return nil },
		"the account closed": func(k *kit) error {
			return k.Store.Update(k.ada.Account, func(a *passwd.Account) { a.Disabled = true })
		},
		"the password suspended by the host": func(k *kit) error {
			return k.Store.Update(k.ada.Account, func(a *passwd.Account) { a.Must = passwd.Compromised })
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, nil)
			token := k.issue()
			k.wantVerify("before", k.jwt, token, nil)
			if err := end(k); err != nil {
				t.Fatal(err)
			}
			k.wantVerify("after", k.jwt, token, passwd.ErrEnded)
		})
	}
}

func TestMustChange(t *testing.T) { // F7
	k := newKit(t, nil)
	token := k.issue()
	err := k.Service.RequireChange(t.Context(), passwd.RequireChange{Account: k.ada.Account, Reason: passwd.Administrator})
	if err != nil {
		t.Fatal(err)
	}
	claims, err := k.jwt.Verify(t.Context(), token)
	if !errors.Is(err, passwd.ErrChangeRequired) || claims.Account != k.ada.Account || claims.Epoch != k.ada.Epoch {
		t.Errorf("claims %+v, error %v; want ErrChangeRequired and the claims", claims, err)
	}
}

// What Live depends on is down: an error, never success (I10).
func TestLiveDown(t *testing.T) {
	k := newKit(t, func(c *jwt.Config) {
		c.Live = func(context.Context, passwd.Ref, int64) (passwd.Reason, error) { return "", passwd.ErrUnavailable }
	})
	k.wantVerify("while the store is down", k.jwt, k.issue(), passwd.ErrUnavailable)
}

func TestKeyRotation(t *testing.T) {
	for name, edit := range map[string]func(*jwt.Config){
		"with key ids": nil,
		"minimal":      minimal,
		"EdDSA":        func(c *jwt.Config) { c.Algorithm = jwt.EdDSA },
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, edit)
			old := k.issue()
			rotated := passwd.Keys{Current: passwd.RandomKeys().Current, Previous: [][]byte{k.keys.Current}}
			with := func(keys passwd.Keys) *jwt.Authority {
				return k.authority(func(c *jwt.Config) {
					if edit != nil {
						edit(c)
					}
					c.Keys = keys
				})
			}
			k.wantVerify("under the previous key", with(rotated), old, nil)
			k.jwt = with(rotated)
			fresh := k.issue()
			k.wantVerify("under the new key", k.jwt, fresh, nil)
			k.wantVerify("under the new key alone", with(passwd.Keys{Current: rotated.Current}), fresh, nil)
			k.wantVerify("of a key that is gone", with(passwd.Keys{Current: rotated.Current}), old, passwd.ErrUnauthenticated)
			k.wantVerify("of a key that is not there yet", with(passwd.Keys{Current: k.keys.Current}), fresh, passwd.ErrUnauthenticated)
			if n := len(k.jwt.VerificationKeys()); n != 2 {
				t.Errorf("%d keys are handed out, want 2", n)
			}
		})
	}
}

// Nobody who changes a key that was handed out changes the authority's.
func TestKeysAreCopies(t *testing.T) {
	k := newKit(t, nil)
	clear(k.jwt.VerificationKeys()[0].Key.([]byte))
	k.wantVerify("after a key was cleared", k.jwt, k.issue(), nil)
	public := newKit(t, func(c *jwt.Config) { c.Algorithm = jwt.EdDSA })
	clear(public.jwt.VerificationKeys()[0].Key.(ed25519.PublicKey))
	public.wantVerify("after a key was cleared", public.jwt, public.issue(), nil)
}

// A token for other values than those presented is refused (format 5).
func TestBind(t *testing.T) {
	k := newKit(t, nil)
	bind := []string{"MOBILE", "+41791234567", "device", "docdemo"}
	token := k.issue(bind...)
	if _, err := k.jwt.Verify(t.Context(), token, bind...); err != nil {
		t.Errorf("with its values: %v", err)
	}
	if body := decode(t, strings.Split(token, ".")[1]); strings.Contains(body, "MOBILE") || strings.Contains(body, "417912") {
		t.Errorf("a value can be read in the token: %s", body) // I7
	}
	for name, other := range map[string][]string{
		"none":            nil,
		"another value":   {"MOBILE", "+41791234568", "device", "docdemo"},
		"fewer":           {"MOBILE", "+41791234567", "device"},
		"one more":        {"MOBILE", "+41791234567", "device", "docdemo", ""},
		"another order":   {"+41791234567", "MOBILE", "device", "docdemo"},
		"other divisions": {"MOBILE+41791234567", "", "device", "docdemo"},
		"an empty one":    {""},
	} {
		if _, err := k.jwt.Verify(t.Context(), token, other...); !errors.Is(err, passwd.ErrUnauthenticated) {
			t.Errorf("with %s: error %v, want ErrUnauthenticated", name, err)
		}
	}
	if _, err := k.jwt.Verify(t.Context(), k.issue(), ""); !errors.Is(err, passwd.ErrUnauthenticated) {
		t.Errorf("an unbound token with a value: error %v, want ErrUnauthenticated", err)
	}
	rotated := k.authority(func(c *jwt.Config) {
		c.Keys = passwd.Keys{Current: passwd.RandomKeys().Current, Previous: [][]byte{k.keys.Current}}
	})
	if _, err := rotated.Verify(t.Context(), token, bind...); err != nil {
		t.Errorf("after a rotation: %v", err)
	}
}

func TestConfig(t *testing.T) {
	k := newKit(t, nil)
	for _, tt := range []struct {
		name string
		edit func(*jwt.Config)
		says string // "" if it is good
	}{
		{"the least", func(*jwt.Config) {}, ""},
		{"a path as purpose", func(c *jwt.Config) { c.Purpose = "brand/web" }, ""},
		{"no purpose", func(c *jwt.Config) { c.Purpose = "" }, "Config.Purpose"},
		{"an odd purpose", func(c *jwt.Config) { c.Purpose = "A b" }, "Config.Purpose"},
		{"a long purpose", func(c *jwt.Config) { c.Purpose = strings.Repeat("p", 65) }, "Config.Purpose"},
		{"no issuer", func(c *jwt.Config) { c.Issuer = "" }, "Config.Issuer"},
		{"no Live", func(c *jwt.Config) { c.Live = nil }, "Config.Live"},
		{"no keys", func(c *jwt.Config) { c.Keys = passwd.Keys{} }, "Config.Keys.Current"},
		{"none", func(c *jwt.Config) { c.Algorithm = "none" }, "Config.Algorithm"},
		{"another algorithm", func(c *jwt.Config) { c.Algorithm = "RS256" }, "Config.Algorithm"},
		{"a negative TTL", func(c *jwt.Config) { c.TTL = -time.Second }, "Config.TTL"},
		{"a long TTL", func(c *jwt.Config) { c.TTL = 31 * 24 * time.Hour }, "Config.TTL"},
		{"half a second more", func(c *jwt.Config) { c.TTL = 1500 * time.Millisecond }, "Config.TTL"},
		{"a negative leeway", func(c *jwt.Config) { c.Leeway = -1 }, "Config.Leeway"},
		{"a long leeway", func(c *jwt.Config) { c.Leeway = time.Hour }, "Config.Leeway"},
	} {
		cfg := k.cfg
		tt.edit(&cfg)
		_, err := jwt.New(cfg)
		if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.says)
		}
	}
}

func TestRedaction(t *testing.T) { // I7
	k := newKit(t, nil)
	token, err := k.jwt.Issue(k.ada)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("token", "token", token)
	text, err := json.Marshal(map[string]jwt.Token{"token": token})
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{log.String(), string(text), fmt.Sprintf("%v %+v %#v %s %q %x", token, token, token, token, token, token), token.String()} {
		if strings.Contains(printed, "eyJ") || strings.Contains(printed, fmt.Sprintf("%x", "eyJ")) || !strings.Contains(printed, "redacted") {
			t.Errorf("printed as %s", printed)
		}
	}
}

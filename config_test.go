package passwd_test

import (
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwpolicy"
)

func goodConfig() passwd.Config {
	return passwd.Config{
		Store:  memstore.New(),
		Keys:   passwd.RandomKeys(),
		Notify: &passwdtest.Mailbox{},
		Links:  passwd.Links{Base: "https://app.example.com/account/password"},
		Hasher: passwdtest.Hasher{},
	}
}

func TestNewNamesTheField(t *testing.T) {
	for _, c := range []struct {
		field string
		spoil func(*passwd.Config)
	}{
		{"Config.Store", func(c *passwd.Config) { c.Store = nil }},
		{"Config.Notify", func(c *passwd.Config) { c.Notify = nil }},
		{"Config.Keys.Current", func(c *passwd.Config) { c.Keys = passwd.Keys{} }},
		{"Config.Keys.Current", func(c *passwd.Config) { c.Keys.Current = make([]byte, 31) }},
		{"Config.Keys.Current: all zero bytes", func(c *passwd.Config) { c.Keys.Current = make([]byte, 32) }},
		{"Config.Keys.Previous[0]: all zero bytes", func(c *passwd.Config) { c.Keys.Previous = [][]byte{make([]byte, 64)} }},
		{"Config.Keys.Previous[1]", func(c *passwd.Config) { c.Keys.Previous = [][]byte{passwd.RandomKeys().Current, nil} }},
		{"Config.Keys.Previous", func(c *passwd.Config) { c.Keys.Previous = make([][]byte, 16) }},
		{"Config.Links.Base", func(c *passwd.Config) { c.Links.Base = "" }},
		{"Config.Links.Base", func(c *passwd.Config) { c.Links.Base = "/account/password" }},
		{"Config.Links.Base", func(c *passwd.Config) { c.Links.Base = "https://user@example.com" }},
		{"Config.Links.Base", func(c *passwd.Config) { c.Links.Base = "https://example.com/?a=b" }},
		{"Config.Links.Base", func(c *passwd.Config) { c.Links.Base = "https://example.com/#x" }},
		{"Config.Links.Base", func(c *passwd.Config) { c.Links.Base = "http://example.com" }},
		{"Config.Links.Base", func(c *passwd.Config) { c.Links.Base = "ftp://example.com" }},
		{"Config.Links.Base", func(c *passwd.Config) { c.Links.Base = "https://exa mple.com" }},
		{"Config.JobLease", func(c *passwd.Config) { c.JobLease = -1 }},
		{"Config.Deliveries", func(c *passwd.Config) { c.Deliveries = -1 }},
		{"Config.Hasher", func(c *passwd.Config) { c.Hasher = pwhash.Argon2id{KiB: 64, Passes: 1, Lanes: 1} }},
		{"Config.Limits.SignIn", func(c *passwd.Config) { c.Limits.SignIn.Free = 3 }},
		{"Config.Limits.Address", func(c *passwd.Config) { c.Limits.Address = passwd.Limit{Window: time.Hour} }},
		{"Config.Limits.StopAfter", func(c *passwd.Config) { c.Limits.StopAfter = 101 }},
		{"Config.Limits.LiveLinks", func(c *passwd.Config) { c.Limits.LiveLinks = -1 }},
	} {
		cfg := goodConfig()
		c.spoil(&cfg)
		if _, err := passwd.New(cfg); err == nil || !strings.Contains(err.Error(), c.field) {
			t.Errorf("%s: got error %v", c.field, err)
		}
	}
}

// One look at the error is enough to put all of it right.
func TestNewNamesAllFaults(t *testing.T) {
	_, err := passwd.New(passwd.Config{
		Keys: passwd.Keys{Current: make([]byte, 32)}, Links: passwd.Links{Base: "http://example.com"},
		Deliveries: -1, JobLease: -1, InsecureLiveCache: time.Hour,
		Limits:  passwd.Limits{StopAfter: 1, LiveLinks: -1},
		Hasher:  passwdtest.Hasher{},
		Dummies: []passwd.Hash{"no hash"},
	})
	want := []string{
		"Store is required", "Notify is required", "JobLease is negative", "Deliveries is negative", "InsecureLiveCache: 1h0m0s",
		"Links.Base: must be https", "Keys.Current: all zero", "Limits.StopAfter", "Limits.LiveLinks", "Dummies[0]",
	}
	if err == nil {
		t.Fatal("accepted")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d:\n%v", len(lines), len(want), err)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, "passwd: Config."+want[i]) {
			t.Errorf("line %d is %q, want %s", i, line, want[i])
		}
	}
}

func TestNewAcceptsBases(t *testing.T) {
	for base, path := range map[string]string{
		"https://example.com":                   "",
		"https://example.com/":                  "",
		"https://example.com:8443/account/pw//": "/account/pw",
		"http://localhost:8080/p":               "/p",
		"http://127.0.0.1:8080/p":               "/p",
		"http://[::1]:8080/p":                   "/p",
	} {
		cfg := goodConfig()
		cfg.Links.Base = base
		svc, err := passwd.New(cfg)
		if err != nil || svc.BasePath() != path {
			t.Errorf("%s: %v", base, err)
			continue
		}
	}
	cfg := goodConfig()
	cfg.Links = passwd.Links{Base: "http://intranet.example/p", InsecureHTTP: true}
	if _, err := passwd.New(cfg); err != nil {
		t.Error(err)
	}
}

// TestTwoServicesLiveApart holds that nothing is global (I12).
func TestTwoServicesLiveApart(t *testing.T) {
	strict := passwdtest.New(t, passwd.Config{})
	lax := passwdtest.New(t, passwd.Config{Policy: pwpolicy.InsecureNoRules()})
	a, b := strict.Add(t, ada(), adaPassword), lax.Add(t, ada(), adaPassword)
	_, err := strict.Service.Change(ctx, passwd.Change{Account: a, Current: adaPassword, New: "1"})
	wantViolation(t, err, pwpolicy.TooShort)
	if _, err := lax.Service.Change(ctx, passwd.Change{Account: b, Current: adaPassword, New: "1"}); err != nil {
		t.Error(err)
	}
	mustSignIn(t, strict, "ada", adaPassword)
	lax.Deliver(t)
	wantErr(t, strict.Service.CheckReset(ctx, passwd.CheckReset{Token: resetToken(t, lax, "ada")}), passwd.ErrTokenInvalid)
}

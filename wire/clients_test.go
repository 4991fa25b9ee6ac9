package wire_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/wire"
)

func TestStaticClients(t *testing.T) {
	ctx := t.Context()
	c := wire.StaticClients{
		Public:      []string{"one", "two"},
		APIKeys:     []wire.SecretDigest{wire.DigestOf("first"), wire.DigestOf("second")},
		Credentials: map[string]wire.SecretDigest{"app": wire.DigestOf("secret")},
		Brands:      map[string]string{"DocDemo": "tenant"},
	}
	brand := func(c wire.StaticClients, name string) error {
		tenant, err := c.Brand(ctx, name)
		if err == nil && tenant != "tenant" {
			t.Errorf("%q is of tenant %q", name, tenant)
		}
		return err
	}
	for name, tc := range map[string]struct {
		got   error
		known bool
	}{
		"public":             {c.PublicClient(ctx, "two"), true},
		"public, case":       {c.PublicClient(ctx, "Two"), false},
		"public, empty":      {c.PublicClient(ctx, ""), false},
		"key":                {c.APIKey(ctx, "second"), true},
		"key, other":         {c.APIKey(ctx, "third"), false},
		"key, digest itself": {c.APIKey(ctx, fmt.Sprintf("%x", wire.DigestOf("first"))), false},
		"credentials":        {c.ClientCredentials(ctx, "app", "secret"), true},
		"wrong secret":       {c.ClientCredentials(ctx, "app", "Secret"), false},
		"wrong id":           {c.ClientCredentials(ctx, "other", "secret"), false},
		"brand":              {brand(c, "DocDemo"), true},
		"brand, case":        {brand(c, " DOCDEMO"), true},
		"brand, other":       {brand(c, "Doc"), false},
		"brand, other case":  {brand(c, "DOCDEMÖ"), false},
		"zero: public":       {wire.StaticClients{}.PublicClient(ctx, ""), false},
		"zero: key":          {wire.StaticClients{}.APIKey(ctx, ""), false},
		"zero: credentials":  {wire.StaticClients{}.ClientCredentials(ctx, "", ""), false},
		"zero: brand":        {brand(wire.StaticClients{}, ""), false},
	} {
		if (tc.got == nil) != tc.known || tc.got != nil && !errors.Is(tc.got, wire.ErrUnknownClient) {
			t.Errorf("%s: %v", name, tc.got)
		}
	}
	if strings.Contains(fmt.Sprintf("%+v", c), "secret") {
		t.Error("a secret is in the configuration")
	}
}

func TestSecretDigestText(t *testing.T) {
	want := wire.DigestOf("demo-secret")
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	// printf %s demo-secret | sha256sum
	if string(text) != `"cd577fe2561ebff23505db0bb006300c7cdecbd46bc0e03c449afafaca2c25bf"` {
		t.Errorf("%s", text)
	}
	var got wire.SecretDigest
	if err := json.Unmarshal(text, &got); err != nil || got != want {
		t.Errorf("%x, %v", got, err)
	}
	for _, bad := range []string{"", "ab", strings.Repeat("0", 63), strings.Repeat("0", 66), strings.Repeat("g", 64)} {
		if err := got.UnmarshalText([]byte(bad)); err == nil || got != want {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

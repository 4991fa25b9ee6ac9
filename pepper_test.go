package passwd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

// pepperKey makes a key out of its id.
func pepperKey(id string) passwd.PepperKey {
	return passwd.PepperKey{ID: id, Key: bytes.Repeat([]byte(id), 16)}
}

func peppered(p passwd.Pepper) passwd.Argon2id {
	return passwd.Argon2id{KiB: 64, Passes: 1, InsecureCosts: true, Pepper: p}
}

// H5: two key ids coexist, a hash is useless without its key, and a missing key
// is never a wrong password.
func TestPepper(t *testing.T) {
	one, two := pepperKey("one"), pepperKey("two")
	plain := cheapWith(adaPassword)
	ofOne, err := peppered(passwd.Pepper{Current: one}).Hash(t.Context(), adaPassword)
	if err != nil {
		t.Fatal(err)
	}
	ofTwo, err := peppered(passwd.Pepper{Current: two}).Hash(t.Context(), adaPassword)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(ofOne), "$argon2id$v=19$m=64,t=1,p=1,keyid=one$") {
		t.Errorf("hash is %q", string(ofOne))
	}
	otherKey := passwd.PepperKey{ID: "one", Key: two.Key}
	tests := []struct {
		name   string
		pepper passwd.Pepper
		stored passwd.Hash
		stale  bool
		err    error
	}{
		{"own", passwd.Pepper{Current: one}, ofOne, false, nil},
		{"rotated, old hash", passwd.Pepper{Current: two, Previous: []passwd.PepperKey{one}}, ofOne, true, nil},
		{"rotated, new hash", passwd.Pepper{Current: two, Previous: []passwd.PepperKey{one}}, ofTwo, false, nil},
		{"introduced", passwd.Pepper{Current: one}, plain, true, nil},
		{"given up", passwd.Pepper{Previous: []passwd.PepperKey{one}}, ofOne, true, nil},
		{"given up, plain", passwd.Pepper{Previous: []passwd.PepperKey{one}}, plain, false, nil},
		{"none", passwd.Pepper{}, ofOne, false, passwd.ErrPepperKey},
		{"dropped too early", passwd.Pepper{Current: two}, ofOne, false, passwd.ErrPepperKey},
		{"another key of the same id", passwd.Pepper{Current: otherKey}, ofOne, false, passwd.ErrPepperKey},
	}
	for _, tt := range tests {
		h := peppered(tt.pepper)
		for password, right := range map[string]bool{adaPassword: true, newPassword: false} {
			v, err := h.Verify(t.Context(), tt.stored, password)
			want := passwd.Verdict{Match: right && tt.err == nil, Stale: right && tt.stale}
			if v != want || !errors.Is(err, tt.err) {
				t.Errorf("%s, %q: %+v, %v, want %+v, %v", tt.name, password, v, err, want, tt.err)
			}
		}
		info, err := h.Inspect(tt.stored)
		if !errors.Is(err, tt.err) || info.Format != "argon2id" || (info.KeyID == "") != (tt.stored == plain) || tt.err == nil && info.Stale != tt.stale {
			t.Errorf("%s: Inspect = %+v, %v", tt.name, info, err)
		}
	}
	// What stands before the tag is authenticated with it.
	if _, err := peppered(passwd.Pepper{Current: one}).Verify(t.Context(), passwd.Hash(strings.Replace(string(ofOne), "m=64", "m=72", 1)), adaPassword); !errors.Is(err, passwd.ErrPepperKey) {
		t.Errorf("other costs: %v", err)
	}
}

func TestPepperRekey(t *testing.T) {
	one, two := pepperKey("one"), pepperKey("two")
	for _, maker := range []passwd.Hasher{cheapArgon2, cheapScrypt, cheapPBKDF2} {
		plain, err := maker.Hash(t.Context(), adaPassword)
		if err != nil {
			t.Fatal(err)
		}
		h := plain
		for _, p := range []passwd.Pepper{
			{Current: one},
			{Current: two, Previous: []passwd.PepperKey{one}},
			{Previous: []passwd.PepperKey{two, one}},
		} {
			before := h
			if h, err = p.Rekey(h); err != nil || h == before {
				t.Fatalf("%T: %q, %v", maker, string(h), err)
			}
			if again, err := p.Rekey(h); err != nil || again != h {
				t.Errorf("%T: once more: %q, %v", maker, string(again), err)
			}
			for password, right := range map[string]bool{adaPassword: true, newPassword: false} {
				if v, err := peppered(p).Verify(t.Context(), h, password); err != nil || v.Match != right {
					t.Errorf("%T, %q: %+v, %v", maker, password, v, err)
				}
			}
		}
		if h != plain {
			t.Errorf("%T: %q came back as %q", maker, string(plain), string(h))
		}
	}
	p := passwd.Pepper{Current: one}
	keyed, err := p.Rekey(cheap(adaPassword))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (passwd.Pepper{Current: two}).Rekey(keyed); !errors.Is(err, passwd.ErrPepperKey) {
		t.Errorf("without the old key: %v", err)
	}
	for _, h := range []passwd.Hash{"", "x", "$2b$05$abcdefghijklmnopqrstuu8.veTXNDPV2eEsdpKNczMw2otgh5LnK"} {
		if _, err := p.Rekey(h); !errors.Is(err, passwd.ErrHashFormat) {
			t.Errorf("%q: %v", string(h), err)
		}
	}
}

// H5: 112 bits at least.
func TestPepperValidate(t *testing.T) {
	key := func(id string, n int) passwd.PepperKey { return passwd.PepperKey{ID: id, Key: make([]byte, n)} }
	tests := []struct {
		pepper passwd.Pepper
		field  string // in the error; "" is none
	}{
		{passwd.Pepper{}, ""},
		{passwd.Pepper{Current: key("a", 14)}, ""},
		{passwd.Pepper{Current: key("2026-11.B", 32), Previous: []passwd.PepperKey{key("a", 14)}}, ""},
		{passwd.Pepper{Previous: []passwd.PepperKey{key("a", 14)}}, ""},
		{passwd.Pepper{Current: key("a", 13)}, "Pepper.Current.Key"},
		{passwd.Pepper{Current: key("a", 0)}, "Pepper.Current.Key"},
		{passwd.Pepper{Current: key("", 32)}, "Pepper.Current.ID"},
		{passwd.Pepper{Current: key("a b", 32)}, "Pepper.Current.ID"},
		{passwd.Pepper{Current: key("a$", 32)}, "Pepper.Current.ID"},
		{passwd.Pepper{Current: key("a,m=1", 32)}, "Pepper.Current.ID"},
		{passwd.Pepper{Current: key(strings.Repeat("a", 33), 32)}, "Pepper.Current.ID"},
		{passwd.Pepper{Current: key("a", 32), Previous: []passwd.PepperKey{key("b", 32), key("a", 32)}}, "Pepper.Previous[1].ID"},
		{passwd.Pepper{Current: key("a", 32), Previous: []passwd.PepperKey{{}}}, "Pepper.Previous[0].ID"},
		{passwd.Pepper{Current: key("a", 32), Previous: make([]passwd.PepperKey, 16)}, "Pepper.Previous"},
	}
	for i, tt := range tests {
		err := passwd.PBKDF2{Pepper: tt.pepper}.Validate()
		if (err == nil) != (tt.field == "") || err != nil && !strings.Contains(err.Error(), tt.field) {
			t.Errorf("%d: %v, want %q", i, err, tt.field)
		}
		cfg := goodConfig()
		cfg.Hasher = peppered(tt.pepper)
		if _, err := passwd.New(cfg); (err == nil) != (tt.field == "") {
			t.Errorf("%d: New: %v", i, err)
		}
	}
}

func TestPepperIsRedacted(t *testing.T) { // I7
	a := peppered(passwd.Pepper{Current: passwd.PepperKey{ID: "k", Key: []byte("canary-canary-canary")}})
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "hasher", a, "pepper", a.Pepper, "key", a.Pepper.Current)
	b, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		log.String(), string(b), fmt.Sprintf("%v %+v %#v", a, a, a), fmt.Sprint(a.Pepper.Current), fmt.Sprintf("%x", a.Pepper), fmt.Sprintf("%x %s", a.Pepper.Current, a.Pepper.Current),
	} {
		for _, secret := range []string{"canary", "63616e617279", "Y2FuYXJ5", "[99 97 110", "0x63, 0x61"} {
			if strings.Contains(s, secret) {
				t.Errorf("%q tells the key", s)
			}
		}
	}
}

// A key that is missing answers unavailable, is no failure, and is reported; with
// it back, everybody signs in and is keyed anew.
func TestPepperAtSignIn(t *testing.T) {
	one, two := pepperKey("one"), pepperKey("two")
	stored, err := peppered(passwd.Pepper{Current: one}).Hash(t.Context(), adaPassword)
	if err != nil {
		t.Fatal(err)
	}
	row := ada()
	row.Ref.ID, row.Active, row.Hash = "1", true, stored

	var events []passwd.Event
	broken := passwdtest.New(t, passwd.Config{
		Hasher:   peppered(passwd.Pepper{Current: two}),
		Limits:   passwd.Limits{SignIn: passwd.Limit{Free: 3, Wait: 1e9, MaxWait: 1e9}},
		Observer: passwd.ObserverFunc(func(_ context.Context, e passwd.Event) { events = append(events, e) }),
	})
	broken.Store.Set(row)
	for range 20 { // far more than would be let through as failures
		_, err := signIn(broken, "ada", adaPassword)
		wantErr(t, err, passwd.ErrUnavailable)
		wantErr(t, err, passwd.ErrPepperKey)
		if code := passwd.CodeOf(err); code != passwd.CodeUnavailable {
			t.Fatalf("code is %q", code)
		}
	}
	for _, e := range events {
		if e.Name != passwd.EventUnavailable || e.Reason != "pepper_key" {
			t.Fatalf("event %+v", e)
		}
	}
	if len(events) != 20 || account(t, broken, row.Ref).Hash != stored {
		t.Errorf("%d events, and the hash is %q", len(events), string(account(t, broken, row.Ref).Hash))
	}

	both := passwdtest.New(t, passwd.Config{Hasher: peppered(passwd.Pepper{Current: two, Previous: []passwd.PepperKey{one}})})
	both.Store.Set(row)
	_, err = signIn(both, "ada", newPassword)
	wantErr(t, err, passwd.ErrWrongCredentials)
	if account(t, both, row.Ref).Hash != stored { // H4
		t.Error("a wrong password changed the hash")
	}
	mustSignIn(t, both, "ada", adaPassword)
	rotated := account(t, both, row.Ref).Hash
	if info, err := both.Service.Inspect(rotated); err != nil || info.KeyID != "two" || info.Stale {
		t.Errorf("after the sign-in: %+v, %v", info, err)
	}
	mustSignIn(t, both, "ada", adaPassword)
	if account(t, both, row.Ref).Hash != rotated {
		t.Error("hashed again for nothing")
	}
}

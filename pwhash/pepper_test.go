package pwhash_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/pwhash"
)

// pepperKey makes a key out of its id.
func pepperKey(id string) pwhash.PepperKey {
	return pwhash.PepperKey{ID: id, Key: bytes.Repeat([]byte(id), 16)}
}

func peppered(p pwhash.Pepper) pwhash.Argon2id {
	return pwhash.Argon2id{KiB: 64, Passes: 1, InsecureCosts: true, Pepper: p}
}

// H5: two key ids coexist, a hash is useless without its key, and a missing key
// is never a wrong password.
func TestPepper(t *testing.T) {
	one, two := pepperKey("one"), pepperKey("two")
	plain := cheapWith(known)
	ofOne, err := peppered(pwhash.Pepper{Current: one}).Hash(t.Context(), known)
	if err != nil {
		t.Fatal(err)
	}
	ofTwo, err := peppered(pwhash.Pepper{Current: two}).Hash(t.Context(), known)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(ofOne), "$argon2id$v=19$m=64,t=1,p=1,keyid=one$") {
		t.Errorf("hash is %q", string(ofOne))
	}
	otherKey := pwhash.PepperKey{ID: "one", Key: two.Key}
	tests := []struct {
		name   string
		pepper pwhash.Pepper
		stored pwhash.Hash
		stale  bool
		err    error
	}{
		{"own", pwhash.Pepper{Current: one}, ofOne, false, nil},
		{"rotated, old hash", pwhash.Pepper{Current: two, Previous: []pwhash.PepperKey{one}}, ofOne, true, nil},
		{"rotated, new hash", pwhash.Pepper{Current: two, Previous: []pwhash.PepperKey{one}}, ofTwo, false, nil},
		{"introduced", pwhash.Pepper{Current: one}, plain, true, nil},
		{"given up", pwhash.Pepper{Previous: []pwhash.PepperKey{one}}, ofOne, true, nil},
		{"given up, plain", pwhash.Pepper{Previous: []pwhash.PepperKey{one}}, plain, false, nil},
		{"none", pwhash.Pepper{}, ofOne, false, pwhash.ErrPepperKey},
		{"dropped too early", pwhash.Pepper{Current: two}, ofOne, false, pwhash.ErrPepperKey},
		{"another key of the same id", pwhash.Pepper{Current: otherKey}, ofOne, false, pwhash.ErrPepperKey},
	}
	for _, tt := range tests {
		h := peppered(tt.pepper)
		for password, right := range map[string]bool{known: true, other: false} {
			v, err := h.Verify(t.Context(), tt.stored, password)
			want := pwhash.Verdict{Match: right && tt.err == nil, Stale: right && tt.stale}
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
	if _, err := peppered(pwhash.Pepper{Current: one}).Verify(t.Context(), pwhash.Hash(strings.Replace(string(ofOne), "m=64", "m=72", 1)), known); !errors.Is(err, pwhash.ErrPepperKey) {
		t.Errorf("other costs: %v", err)
	}
}

func TestPepperRekey(t *testing.T) {
	one, two := pepperKey("one"), pepperKey("two")
	for _, maker := range []pwhash.Hasher{cheapArgon2, cheapScrypt, cheapPBKDF2} {
		plain, err := maker.Hash(t.Context(), known)
		if err != nil {
			t.Fatal(err)
		}
		h := plain
		for _, p := range []pwhash.Pepper{
			{Current: one},
			{Current: two, Previous: []pwhash.PepperKey{one}},
			{Previous: []pwhash.PepperKey{two, one}},
		} {
			before := h
			if h, err = p.Rekey(h); err != nil || h == before {
				t.Fatalf("%T: %q, %v", maker, string(h), err)
			}
			if again, err := p.Rekey(h); err != nil || again != h {
				t.Errorf("%T: once more: %q, %v", maker, string(again), err)
			}
			for password, right := range map[string]bool{known: true, other: false} {
				if v, err := peppered(p).Verify(t.Context(), h, password); err != nil || v.Match != right {
					t.Errorf("%T, %q: %+v, %v", maker, password, v, err)
				}
			}
		}
		if h != plain {
			t.Errorf("%T: %q came back as %q", maker, string(plain), string(h))
		}
	}
	p := pwhash.Pepper{Current: one}
	keyed, err := p.Rekey(cheap(known))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (pwhash.Pepper{Current: two}).Rekey(keyed); !errors.Is(err, pwhash.ErrPepperKey) {
		t.Errorf("without the old key: %v", err)
	}
	for _, h := range []pwhash.Hash{"", "x", "$2b$05$abcdefghijklmnopqrstuu8.veTXNDPV2eEsdpKNczMw2otgh5LnK"} {
		if _, err := p.Rekey(h); !errors.Is(err, pwhash.ErrFormat) {
			t.Errorf("%q: %v", string(h), err)
		}
	}
}

// H5: 112 bits at least.
func TestPepperValidate(t *testing.T) {
	key := func(id string, n int) pwhash.PepperKey {
		return pwhash.PepperKey{ID: id, Key: bytes.Repeat([]byte{1}, n)}
	}
	tests := []struct {
		pepper pwhash.Pepper
		field  string // in the error; "" is none
	}{
		{pwhash.Pepper{}, ""},
		{pwhash.Pepper{Current: key("a", 14)}, ""},
		{pwhash.Pepper{Current: key("2026-11.B", 32), Previous: []pwhash.PepperKey{key("a", 14)}}, ""},
		{pwhash.Pepper{Previous: []pwhash.PepperKey{key("a", 14)}}, ""},
		{pwhash.Pepper{Current: key("a", 13)}, "Pepper.Current.Key"},
		{pwhash.Pepper{Current: pwhash.PepperKey{ID: "a", Key: make([]byte, 32)}}, "Pepper.Current.Key: all zero bytes"},
		{pwhash.Pepper{Current: key("a", 0)}, "Pepper.Current.Key"},
		{pwhash.Pepper{Current: key("", 32)}, "Pepper.Current.ID"},
		{pwhash.Pepper{Current: key("a b", 32)}, "Pepper.Current.ID"},
		{pwhash.Pepper{Current: key("a$", 32)}, "Pepper.Current.ID"},
		{pwhash.Pepper{Current: key("a,m=1", 32)}, "Pepper.Current.ID"},
		{pwhash.Pepper{Current: key(strings.Repeat("a", 33), 32)}, "Pepper.Current.ID"},
		{pwhash.Pepper{Current: key("a", 32), Previous: []pwhash.PepperKey{key("b", 32), key("a", 32)}}, "Pepper.Previous[1].ID"},
		{pwhash.Pepper{Current: key("a", 32), Previous: []pwhash.PepperKey{{}}}, "Pepper.Previous[0].ID"},
		{pwhash.Pepper{Current: key("a", 32), Previous: make([]pwhash.PepperKey, 16)}, "Pepper.Previous"},
	}
	for i, tt := range tests {
		err := pwhash.PBKDF2{Pepper: tt.pepper}.Validate()
		if (err == nil) != (tt.field == "") || err != nil && !strings.Contains(err.Error(), tt.field) {
			t.Errorf("%d: %v, want %q", i, err, tt.field)
		}
	}
}

func TestPepperIsRedacted(t *testing.T) { // I7
	a := peppered(pwhash.Pepper{Current: pwhash.PepperKey{ID: "k", Key: []byte("canary-canary-canary")}})
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

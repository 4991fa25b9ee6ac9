package foreign_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
)

func TestInspect(t *testing.T) {
	for f, stored := range samples {
		h := foreign.Hasher{Accept: []foreign.Format{f}, DevisePepper: "p", FlaskSecuritySalt: "s"}
		info, err := h.Inspect(stored)
		want := string(f)
		if f == foreign.PasslibScrypt {
			want = "scrypt" // Base reads it
		}
		if err != nil || info.Format != want || !info.Stale {
			t.Errorf("%s: %+v, %v", f, info, err)
		}
		if f == foreign.Bcrypt || f == foreign.PasslibScrypt {
			continue
		}
		if info, err := (foreign.Hasher{}).Inspect(stored); !errors.Is(err, pwhash.ErrFormat) || info != (pwhash.Info{}) {
			t.Errorf("%s, not accepted: %+v, %v", f, info, err)
		}
	}

	h := everything()
	h.Accept = append([]foreign.Format{foreign.Bcrypt}, h.Accept...)
	tests := []struct {
		stored pwhash.Hash
		want   pwhash.Info
	}{
		{"$2b$05$QWYwojts6QBrEB/aV8xJdOEQrCqkfybx.RXPmaTNWO95VDDpgMcLq", pwhash.Info{Format: "bcrypt", Cost: "cost=5", Memory: 4 << 10, Stale: true}},
		{"$argon2i$v=19$m=256,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$6v921DcCh4JgNTUk8Zy5XG6tyoURKEoHlKq0MC/5wLE", pwhash.Info{Format: "argon2i", Cost: "m=256,t=2,p=1", Memory: 256 << 10, Stale: true}},
		{"scrypt:32768:8:1$salt$abababababababababababababababababababababababababababababababab", pwhash.Info{Format: "werkzeug", Cost: "N=32768,r=8,p=1", Memory: 32 << 20, Stale: true}},
		{"$6$rounds=5000$salt$" + pwhash.Hash(dots(86)), pwhash.Info{Format: "sha_crypt", Cost: "rounds=5000", Stale: true}},
	}
	for _, tt := range tests {
		if got, err := h.Inspect(tt.stored); err != nil || got != tt.want {
			t.Errorf("%q: %+v, %v, want %+v", string(tt.stored), got, err, tt.want)
		}
	}
	if _, err := h.Inspect("$2b$31$QWYwojts6QBrEB/aV8xJdOEQrCqkfybx.RXPmaTNWO95VDDpgMcLq"); !outOfBounds(err) {
		t.Errorf("cost 31: %v", err)
	}
	if _, err := (foreign.Hasher{Base: passwdtest.Hasher{}}).Inspect("$insecure-test$"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a base that cannot tell: %v", err)
	}
}

func dots(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '.'
	}
	return string(b)
}

// A pepper of Base is around what is wrapped, too, and its missing key is not a
// wrong password (H5).
func TestPepperedBase(t *testing.T) {
	peppered := pwhash.Argon2id{KiB: 64, Passes: 1, InsecureCosts: true, Pepper: pwhash.Pepper{
		Current: pwhash.PepperKey{ID: "k1", Key: bytes.Repeat([]byte{7}, 32)},
	}}
	stored, err := wrap(t, peppered, foreign.InsecureMD5, samples[foreign.InsecureMD5], staple)
	if err != nil {
		t.Fatal(err)
	}
	h := foreign.Hasher{Base: peppered, Accept: []foreign.Format{foreign.Wrapped}}
	if v, err := h.Verify(t.Context(), stored, staple); err != nil || v != (pwhash.Verdict{Match: true, Stale: true}) {
		t.Errorf("Verify = %+v, %v", v, err)
	}
	if info, err := h.Inspect(stored); err != nil || info.KeyID != "k1" || info.Format != "wrapped" || !info.Stale {
		t.Errorf("Inspect = %+v, %v", info, err)
	}
	own, err := h.Hash(t.Context(), staple)
	if err != nil {
		t.Fatal(err)
	}
	h = everything()
	for _, stored := range []pwhash.Hash{stored, own} {
		if v, err := h.Verify(t.Context(), stored, staple); !errors.Is(err, pwhash.ErrPepperKey) || v.Match {
			t.Errorf("without the key: %+v, %v", v, err)
		}
		if info, err := h.Inspect(stored); !errors.Is(err, pwhash.ErrPepperKey) || info.KeyID != "k1" {
			t.Errorf("without the key: Inspect = %+v, %v", info, err)
		}
	}
}

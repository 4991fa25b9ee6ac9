package foreign_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"

	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
)

// standIn is an Argon2Key that takes everything, and is Argon2 for Argon2id of
// version 19 only. Package fastargon2 holds the real ones against the vectors.
func standIn(variant, version uint32, password, salt []byte, passes, kib uint32, lanes uint8, length uint32) ([]byte, error) {
	if variant != pwhash.Argon2VariantID || version != pwhash.Argon2Version {
		salt = fmt.Appendf(nil, "%d %d %s", variant, version, salt)
	}
	return argon2.IDKey(password, salt, passes, kib, lanes, length), nil
}

// Argon2d and version 16 are for hosts that can compute them: a hash is judged, or
// refused with what is missing, and what is listed in Accept decides as ever.
func TestArgon2Key(t *testing.T) {
	base64 := base64.RawStdEncoding.EncodeToString
	phc := func(variant, version uint32, head string) string {
		tag, _ := standIn(variant, version, []byte(staple), []byte("somesalt"), 1, 64, 1, 16)
		return head + "m=64,t=1,p=1$" + base64([]byte("somesalt")) + "$" + base64(tag)
	}
	tests := []struct {
		stored string
		accept foreign.Format
	}{
		{phc(0, 19, "$argon2d$v=19$"), foreign.Argon2d},
		{phc(0, 16, "$argon2d$v=16$"), foreign.Argon2d},
		{phc(0, 16, "$argon2d$"), foreign.Argon2d},
		{phc(1, 16, "$argon2i$v=16$"), foreign.Argon2i},
		{phc(1, 16, "$argon2i$"), foreign.Argon2i},
		{phc(2, 16, "$argon2id$v=16$"), foreign.Argon2id},
		{"argon2" + phc(0, 19, "$argon2d$v=19$"), foreign.DjangoArgon2},
		{"{ARGON2}" + phc(1, 16, "$argon2i$v=16$"), foreign.LDAPArgon2},
		{"{argon2}" + phc(0, 19, "$argon2d$v=19$"), foreign.SpringArgon2},
	}
	for _, tt := range tests {
		accept := []foreign.Format{tt.accept}
		for _, h := range []foreign.Hasher{
			{Accept: accept, Argon2Key: standIn},
			{Accept: accept, Base: pwhash.Argon2id{Key: standIn}},
		} {
			if v, err := h.Verify(t.Context(), pwhash.Hash(tt.stored), staple); err != nil || !v.Match || !v.Stale {
				t.Errorf("%s: %+v, %v", tt.stored, v, err)
			}
			if v, err := h.Verify(t.Context(), pwhash.Hash(tt.stored), "x"+staple); err != nil || v.Match {
				t.Errorf("%s, wrong: %+v, %v", tt.stored, v, err)
			}
			if info, err := h.Inspect(pwhash.Hash(tt.stored)); err != nil || info.Format != string(tt.accept) || info.Memory != 64<<10 {
				t.Errorf("%s: %+v, %v", tt.stored, info, err)
			}
		}
		without := foreign.Hasher{Accept: accept}
		_, err := without.Verify(t.Context(), pwhash.Hash(tt.stored), staple)
		if !errors.Is(err, pwhash.ErrFormat) || !strings.Contains(err.Error(), "Argon2Key") {
			t.Errorf("%s: %v, want an ErrFormat that says what is missing", tt.stored, err)
		}
		if _, err := (foreign.Hasher{Argon2Key: standIn}).Verify(t.Context(), pwhash.Hash(tt.stored), staple); !errors.Is(err, pwhash.ErrFormat) {
			t.Errorf("%s, not accepted: %v", tt.stored, err)
		}
		if f := foreign.Detect(pwhash.Hash(tt.stored)); !slices.Contains(f, tt.accept) {
			t.Errorf("%s: Detect says %s", tt.stored, f)
		}
	}
}

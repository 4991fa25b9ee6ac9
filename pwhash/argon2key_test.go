package pwhash_test

import (
	"bytes"
	"errors"
	"testing"

	"golang.org/x/crypto/argon2"

	"github.com/passwd-go/passwd/pwhash"
)

// Key is what computes, and nothing but that: with x/crypto behind it, the hashes
// are those of an Argon2id without it, with pepper, bounds and staleness.
func TestArgon2Key(t *testing.T) {
	calls := 0
	key := func(variant, version uint32, password, salt []byte, passes, kib uint32, lanes uint8, length uint32) ([]byte, error) {
		calls++
		if variant != pwhash.Argon2VariantID || version != 19 {
			t.Errorf("variant %d of version %d", variant, version)
		}
		return argon2.IDKey(password, salt, passes, kib, lanes, length), nil
	}
	plain := pwhash.Argon2id{KiB: 256, Passes: 3, Lanes: 2, InsecureCosts: true, Bounds: pwhash.Bounds{Argon2KiB: 512}}
	plain.Pepper = pwhash.Pepper{Current: pwhash.PepperKey{ID: "k1", Key: bytes.Repeat([]byte{1}, 32)}}
	keyed := plain
	keyed.Key = key
	for _, pair := range [][2]pwhash.Argon2id{{plain, keyed}, {keyed, plain}} {
		stored, err := pair[0].Hash(t.Context(), "correct horse")
		if err != nil {
			t.Fatal(err)
		}
		if v, err := pair[1].Verify(t.Context(), stored, "correct horse"); err != nil || v != (pwhash.Verdict{Match: true}) {
			t.Errorf("%+v, %v", v, err)
		}
		if v, err := pair[1].Verify(t.Context(), stored, "wrong"); err != nil || v.Match {
			t.Errorf("wrong: %+v, %v", v, err)
		}
	}
	if calls != 3 {
		t.Errorf("%d calls, want 3", calls)
	}
	big := pwhash.Hash("$argon2id$v=19$m=1024,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$6v921DcCh4JgNTUk8Zy5XG6tyoURKEoHlKq0MC/5wLE")
	if _, err := keyed.Verify(t.Context(), big, "x"); !errors.As(err, new(*pwhash.BoundsError)) || calls != 3 {
		t.Errorf("over the bounds: %v, %d calls", err, calls)
	}
}

// A computation that fails makes no hash and no verdict, and neither does one that
// returns something else than a tag.
func TestArgon2KeyFails(t *testing.T) {
	stored, err := pwhash.Argon2id{KiB: 256, InsecureCosts: true}.Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	for name, key := range map[string]pwhash.Argon2Key{
		"error": func(_, _ uint32, _, _ []byte, _, _ uint32, _ uint8, _ uint32) ([]byte, error) { return nil, broken },
		"short": func(_, _ uint32, _, _ []byte, _, _ uint32, _ uint8, _ uint32) ([]byte, error) {
			return make([]byte, 31), nil
		},
	} {
		a := pwhash.Argon2id{KiB: 256, InsecureCosts: true, Key: key}
		if h, err := a.Hash(t.Context(), "correct horse"); err == nil || h != "" || name == "error" && !errors.Is(err, broken) {
			t.Errorf("%s: Hash = %q, %v", name, h, err)
		}
		if v, err := a.Verify(t.Context(), stored, "correct horse"); err == nil || v.Match {
			t.Errorf("%s: Verify = %+v, %v", name, v, err)
		}
	}
}

// Without a Key, x/crypto computes what it has, and the rest is an error.
func TestArgon2KeyOfXCrypto(t *testing.T) {
	var key pwhash.Argon2Key
	for _, tt := range []struct {
		variant, version uint32
		ok               bool
	}{
		{pwhash.Argon2VariantID, pwhash.Argon2Version, true},
		{pwhash.Argon2VariantI, pwhash.Argon2Version, true},
		{pwhash.Argon2VariantD, pwhash.Argon2Version, false},
		{pwhash.Argon2VariantID, pwhash.Argon2Version10, false},
		{3, pwhash.Argon2Version, false},
	} {
		tag, err := key.Compute(tt.variant, tt.version, []byte("p"), []byte("somesalt"), 1, 8, 1, 16)
		if (err == nil) != tt.ok || tt.ok && len(tag) != 16 || !tt.ok && !errors.Is(err, pwhash.ErrFormat) {
			t.Errorf("variant %d, version %d: %x, %v", tt.variant, tt.version, tag, err)
		}
	}
}

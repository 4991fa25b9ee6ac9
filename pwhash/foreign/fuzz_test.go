package foreign_test

import (
	"context"
	"errors"
	"testing"

	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
)

// blank knows no hash, so that all of them are foreign's.
type blank struct{}

func (blank) Hash(context.Context, string) (pwhash.Hash, error) { return "", errors.ErrUnsupported }

func (blank) Verify(context.Context, pwhash.Hash, string) (pwhash.Verdict, error) {
	return pwhash.Verdict{}, pwhash.ErrFormat
}

// FuzzVerify holds that no stored hash panics, passes a bound, or has an error
// that is not of the contract.
func FuzzVerify(f *testing.F) {
	for _, v := range vectors(f) {
		if len(v.Hash) <= 4<<10 {
			f.Add(v.Hash, v.Password)
		}
	}
	for _, stored := range samples {
		f.Add(string(stored), staple)
	}
	f.Add("{wrap:django_digest:bWQ1JFJzRGd4eGZTMmRTaDFIYzg4Mmp0VmwkMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA}x", staple)
	h := everything()
	h.Base = blank{}
	h.Argon2Key = standIn
	h.Bounds = pwhash.Bounds{
		Argon2KiB: 64, Argon2Passes: 2, Argon2Lanes: 2, BcryptCost: 4, ScryptBytes: 16 << 10, ScryptParallel: 2,
		PBKDF2Rounds: 100, CryptRounds: 1000, PhpassLog2: 7,
	}
	f.Fuzz(func(t *testing.T, stored, password string) {
		v, err := h.Verify(t.Context(), pwhash.Hash(stored), password)
		if err != nil && (v != pwhash.Verdict{} || !errors.Is(err, pwhash.ErrFormat) && !outOfBounds(err)) {
			t.Errorf("Verify = %+v, %v", v, err)
		}
		if v.Match != v.Stale {
			t.Errorf("Verify = %+v: a foreign match is stale", v)
		}
		formats := foreign.Detect(pwhash.Hash(stored))
		if err == nil && len(formats) == 0 {
			t.Errorf("%q was judged, and Detect does not know it", stored)
		}
		if len(formats) > 0 && formats[0] != foreign.Wrapped && errors.Is(err, pwhash.ErrFormat) {
			t.Errorf("%q is %s, and Verify does not know it", stored, formats)
		}
	})
}

package foreign_test

import (
	"context"
	"errors"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/foreign"
)

// blank knows no hash, so that all of them are foreign's.
type blank struct{}

func (blank) Hash(context.Context, string) (passwd.Hash, error) { return "", errors.ErrUnsupported }

func (blank) Verify(context.Context, passwd.Hash, string) (passwd.Verdict, error) {
	return passwd.Verdict{}, passwd.ErrHashFormat
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
	h.Bounds = foreign.Bounds{
		Argon2KiB: 64, Argon2Passes: 2, Argon2Lanes: 2, BcryptCost: 4, ScryptBytes: 16 << 10, ScryptParallel: 2,
		PBKDF2Rounds: 100, CryptRounds: 1000, PhpassLog2: 7,
	}
	f.Fuzz(func(t *testing.T, stored, password string) {
		v, err := h.Verify(t.Context(), passwd.Hash(stored), password)
		if err != nil && (v != passwd.Verdict{} || !errors.Is(err, passwd.ErrHashFormat) && !outOfBounds(err)) {
			t.Errorf("Verify = %+v, %v", v, err)
		}
		if v.Match != v.Stale {
			t.Errorf("Verify = %+v: a foreign match is stale", v)
		}
		format, ok := foreign.Detect(passwd.Hash(stored))
		if err == nil && !ok {
			t.Errorf("%q was judged, and Detect does not know it", stored)
		}
		if ok && format != foreign.Wrapped && errors.Is(err, passwd.ErrHashFormat) {
			t.Errorf("%q is %s, and Verify does not know it", stored, format)
		}
	})
}

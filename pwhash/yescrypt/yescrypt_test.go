package yescrypt_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
	"github.com/passwd-go/passwd/pwhash/yescrypt"
)

// Made by libxcrypt 4.4.33: mkpasswd -m yescrypt -R 1, 3 and 5; the last three by its crypt(3).
var rows = []struct{ stored, password string }{
	{"$y$j75$3czBBsauGxjlMJVLss5J7/$MCzGHHMFOjyVtgtqeC2CuXDTox4r5R2MGS8DTcogpB.", "correct horse battery staple"},
	{"$y$j7T$D0KHvJXDlvgz2mik4CIEZ/$atb8N.ILhPUazl5208e5ZZHtVPSWXZ68Nl1Y0RoTmlB", "correct horse battery staple"},
	{"$y$j9T$2IiMtyNDO1fCg7UXgBhvz1$2gi3FRj7zvikxMr85EeueGNEjDM60oc1WnfJFXyRYR8", "correct horse battery staple"},
	{"$y$j75$ieUIjXdrB4oV/njZqLf0B.$.fQkSBp5u11gGYF7qhSkPVjrXmv9tB0TDa3S90dO8UA", "Gr\u00fc\u00dfe, \u5bc6\u7801 \u2713"},
	{"$y$j7T$f0BHDvZ0VmPPePNIMMrSW1$tSUN8K3s65lPTaCA.4ax0nXW2b670phe6CtDAR3mKt0", "Gr\u00fc\u00dfe, \u5bc6\u7801 \u2713"},
	{"$y$j9T$3jas8kU48HLp16.EK0urT.$ofKeztlUanXUamhkbFXDpxfxW0b6d3G2n9ugf.gwZNC", "Gr\u00fc\u00dfe, \u5bc6\u7801 \u2713"},
	{"$y$j9T$Z857iemB1AZFZiN8pnu6S.$cmN4d/Y9nDAqtG2Wfdlou/8juR2rHf2Ps.0sklxh9S8", "correct horse battery staple"},
	{"$y$j9T$Rl/USxsHzAIQulIvb/uAQ.$ULPSlbTxXUChx/I.kycEbpPdBf5pJIEg7q8RM3jygI1", ""},
	{"{crypt}$y$j9T$wJYmLmgYjU4OVyzd3lLZ6.$BUmlQElLR2Eit16urp5eCPYk4M0EIsckAin/Qe72dY7", "pa$$w0rd:{x}%n\"'\\,=;"},
}

func hasher(b pwhash.Bounds) foreign.Hasher {
	return foreign.Hasher{Custom: []foreign.Custom{yescrypt.Format(b)}}
}

func TestVerify(t *testing.T) {
	h := hasher(pwhash.Bounds{})
	if err := h.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if v, err := h.Verify(t.Context(), pwhash.Hash(r.stored), r.password); err != nil || v != (pwhash.Verdict{Match: true, Stale: true}) {
			t.Errorf("%q: %+v, %v, want a stale match", r.stored, v, err)
		}
		for _, wrong := range []string{r.password + "x", r.password + "\x00", "X" + r.password} {
			if v, err := h.Verify(t.Context(), pwhash.Hash(r.stored), wrong); err != nil || v.Match {
				t.Errorf("%q, %q: %+v, %v", r.stored, wrong, v, err)
			}
		}
	}
	info, err := h.Inspect("$y$j9T$Z857iemB1AZFZiN8pnu6S.$cmN4d/Y9nDAqtG2Wfdlou/8juR2rHf2Ps.0sklxh9S8")
	if want := (pwhash.Info{Format: "yescrypt", Cost: "N=4096,r=32", Memory: 16 << 20, Stale: true}); err != nil || info != want {
		t.Errorf("Inspect = %+v, %v, want %+v", info, err, want)
	}
}

func TestRefuses(t *testing.T) {
	const tag = "cmN4d/Y9nDAqtG2Wfdlou/8juR2rHf2Ps.0sklxh9S8"
	for _, stored := range []string{
		"$y$", "$y$j9T$Z857iemB1AZFZiN8pnu6S.", "$y$k9T$Z857iemB1AZFZiN8pnu6S.$" + tag, "$y$jzT$Z857iemB1AZFZiN8pnu6S.$" + tag,
		"$y$j9z$Z857iemB1AZFZiN8pnu6S.$" + tag, "$y$j.T$Z857iemB1AZFZiN8pnu6S.$" + tag, "$y$j9T$$" + tag, "$y$j9T$!!$" + tag,
		"$y$j9T$Z857iemB1AZFZiN8pnu6S.$" + tag + "x", "$y$j9T$Z857iemB1AZFZiN8pnu6S.$" + tag + "\n", "$gy$j9T$Z857iemB1AZFZiN8pnu6S.$" + tag,
		"$y$j9T5$Z857iemB1AZFZiN8pnu6S.$" + tag,
	} {
		if v, err := hasher(pwhash.Bounds{}).Verify(t.Context(), pwhash.Hash(stored), "x"); v.Match || !errors.Is(err, pwhash.ErrFormat) {
			t.Errorf("%q: %+v, %v, want ErrFormat", stored, v, err)
		}
	}
	_, err := hasher(pwhash.Bounds{ScryptBytes: 8 << 20}).Verify(t.Context(), pwhash.Hash(rows[6].stored), "x")
	if bounds, ok := errors.AsType[*pwhash.BoundsError](err); !ok || bounds.Param != "N" {
		t.Errorf("16 MiB: %v, want a BoundsError of N", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, r := range rows {
		f.Add(r.stored, r.password)
	}
	h := hasher(pwhash.Bounds{ScryptBytes: 1 << 20})
	f.Fuzz(func(t *testing.T, stored, password string) {
		if !strings.Contains(stored, "$y$") {
			return
		}
		v, err := h.Verify(t.Context(), pwhash.Hash(stored), password)
		bounds, beyond := errors.AsType[*pwhash.BoundsError](err)
		if err != nil && (v.Match || !errors.Is(err, pwhash.ErrFormat) && !beyond) {
			t.Errorf("%q: %+v, %v, %v", stored, v, err, bounds)
		}
	})
}

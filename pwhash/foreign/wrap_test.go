package foreign_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
)

// wrap wraps a hash, which is the probe as well.
func wrap(t *testing.T, base pwhash.Hasher, f foreign.Format, weak pwhash.Hash, password string) (pwhash.Hash, error) {
	w, err := foreign.NewWrapper(t.Context(), foreign.Hasher{Base: base}, f, foreign.Probe{Stored: weak, Password: password})
	if err != nil {
		return "", err
	}
	return w.Wrap(t.Context(), weak)
}

func TestWrap(t *testing.T) {
	base := passwdtest.Hasher{}
	h := foreign.Hasher{Base: base, Accept: []foreign.Format{foreign.Wrapped}}
	weak := []foreign.Format{
		foreign.MD5Crypt, foreign.Phpass, foreign.DjangoDigest, foreign.SpringSHA256, foreign.SpringDigest,
		foreign.SpringLDAP, foreign.LDAPSalted, foreign.MSSQL, foreign.InsecureMD5, foreign.InsecureSHA1,
		foreign.InsecureSHA256, foreign.InsecureDjango, foreign.InsecureLDAP, foreign.InsecureMySQL41,
	}
	passwords := map[pwhash.Hash]string{
		"$sha256$pf=e1NBTFR9e1BBU1NXT1JEfQ==$NW9wbWtnejAzcg==$0gfRVLCvtBCk20udLDEY5vNhujWx7RGjwRIS1ebMsLY=": "test",
		"$hmac-md5$ZmU4Njk3Zjc0MmQwODA0MDVkMTI3MGU2MTYzMzE2Zjk=$MTIzNDU=":                                   "test",
		"$md5$CY9rzUYh03PK3k6DJie09g==": "test",
	}
	for _, f := range weak {
		passwords[samples[f]] = staple
	}
	for weak, password := range passwords {
		w, err := wrap(t, base, foreign.Detect(weak)[0], weak, password)
		if err != nil {
			t.Errorf("Wrap(%q): %v", string(weak), err)
			continue
		}
		if f := foreign.Detect(w); !slices.Equal(f, []foreign.Format{foreign.Wrapped}) {
			t.Errorf("Detect of a wrapped hash = %q", f)
		}
		if !strings.Contains(string(w), "}$insecure-test$") {
			t.Errorf("%q is not inside a hash of base: %q", string(weak), string(w))
		}
		if v, err := h.Verify(t.Context(), w, password); err != nil || v != (pwhash.Verdict{Match: true, Stale: true}) {
			t.Errorf("%q unwraps to %+v, %v, want a stale match", string(w), v, err)
		}
		if v, err := h.Verify(t.Context(), w, password+"x"); err != nil || v != (pwhash.Verdict{}) {
			t.Errorf("wrong password: %+v, %v", v, err)
		}
		if _, err := (foreign.Hasher{Accept: []foreign.Format{foreign.Bcrypt}}).Verify(t.Context(), w, password); !errors.Is(err, pwhash.ErrFormat) {
			t.Errorf("Wrapped is not accepted, yet: %v", err)
		}
		if _, err := wrap(t, base, foreign.Detect(weak)[0], w, password); !errors.Is(err, pwhash.ErrFormat) {
			t.Errorf("wrapped twice: %v", err)
		}
	}
}

// The digest that a list of cracked hashes is made for must not be left in it.
func TestWrapKeepsNoDigest(t *testing.T) {
	w, err := wrap(t, nil, foreign.DjangoDigest, samples[foreign.DjangoDigest], staple)
	if err != nil {
		t.Fatal(err)
	}
	const prefix = "{wrap:django_digest:bWQ1JFJzRGd4eGZTMmRTaDFIYzg4Mmp0VmwkMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA}$argon2id$"
	if !strings.HasPrefix(string(w), prefix) { // md5$RsDgxxfS2dSh1Hc882jtVl$00000000000000000000000000000000
		t.Errorf("wrapped: %q", string(w))
	}
}

// A password that was not hashed becomes a hash like any other.
func TestWrapPlaintext(t *testing.T) {
	w, err := wrap(t, nil, foreign.InsecurePlaintext, "{noop}cafe\u0301", "cafe\u0301")
	if err != nil {
		t.Fatal(err)
	}
	v, err := pwhash.Argon2id{}.Verify(t.Context(), w, "caf\u00e9") // passwords arrive in NFC
	if err != nil || v != (pwhash.Verdict{Match: true}) {
		t.Errorf("%q: %+v, %v", string(w), v, err)
	}
	for _, bad := range []pwhash.Hash{"{noop}\xff", "{noop}a\x00b"} {
		if _, err := wrap(t, nil, foreign.InsecurePlaintext, bad, string(bad[len("{noop}"):])); !errors.Is(err, pwhash.ErrFormat) {
			t.Errorf("%q: %v", string(bad), err)
		}
	}
}

func TestWrapRefuses(t *testing.T) {
	for _, f := range []foreign.Format{foreign.Bcrypt, foreign.DjangoPBKDF2, foreign.SHACrypt, foreign.Argon2i, foreign.ASPNETIdentity} {
		if w, err := wrap(t, nil, f, samples[f], staple); w != "" || !errors.Is(err, pwhash.ErrFormat) {
			t.Errorf("%s: %q, %v, want ErrFormat", f, string(w), err)
		}
	}
	if _, err := wrap(t, nil, foreign.Phpass, "$P$TaebFQa.H9SqWBRDWCWt6u6sA5qtgi1", staple); !outOfBounds(err) {
		t.Errorf("2^31 rounds: %v", err)
	}
	if _, err := wrap(t, pwhash.Argon2id{KiB: 1}, foreign.InsecureMD5, samples[foreign.InsecureMD5], staple); err == nil {
		t.Error("a base that fails to hash is no error")
	}

	h := foreign.Hasher{Accept: []foreign.Format{foreign.Wrapped}}
	w, err := wrap(t, nil, foreign.InsecureMD5, samples[foreign.InsecureMD5], staple)
	if err != nil {
		t.Fatal(err)
	}
	_, outer, _ := strings.Cut(string(w), "}")
	for _, head := range []string{
		"{wrap:insecure_md5:", "{wrap:insecure_md5:AAAA", "{wrap:bcrypt:JDJi", "{wrap:wrapped:AAAA", "{wrap::",
		"{wrap:insecure_md5:OWNjMmFlOGExYmE3YTkzZGEzOWI0NmZjMTAxOWM0ODE", // with its digest in place
	} {
		if v, err := h.Verify(t.Context(), pwhash.Hash(head+"}"+outer), staple); v.Match || !errors.Is(err, pwhash.ErrFormat) {
			t.Errorf("%s: %+v, %v, want ErrFormat", head, v, err)
		}
	}
}

package foreign_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
)

// What is wrong with a hash is told apart, and none of it is told.
func TestFormatErrors(t *testing.T) {
	const django = "pbkdf2_sha256$20000$6mx97pzuGZHC$nVqTepJ6N5RVMcxy22JdCO6r/t1LY3q0+EejcEsYlmM="
	tests := []struct {
		stored  string
		problem pwhash.Problem
		format  string
		field   string
	}{
		{"", pwhash.Empty, "", ""},
		{django, pwhash.NotAccepted, "django_pbkdf2", ""},
		{django + "\n", pwhash.WhiteSpace, "django_pbkdf2", ""},
		{" " + django, pwhash.WhiteSpace, "django_pbkdf2", ""},
		{string(samples[foreign.Bcrypt]) + "\r\n", pwhash.WhiteSpace, "bcrypt", ""},
		{string(samples[foreign.InsecureMD5]), pwhash.NotAccepted, "insecure_md5", ""},
		{strings.Replace(django, "20000", "2e4", 1), pwhash.Malformed, "django_pbkdf2", "rounds"},
		{strings.Replace(django, "lmM=", "lm=", 1), pwhash.Malformed, "django_pbkdf2", "tag"},
		{strings.Replace(django, "sha256", "md5", 1), pwhash.Malformed, "django_pbkdf2", "digest"},
		{"pbkdf2_sha256$20000$6mx97pzuGZHC", pwhash.Malformed, "django_pbkdf2", ""},
		{"$argon2id$v=19$m=65536,t=2$c29tZXNhbHQ$c29tZXRhZ3NvbWV0YWc", pwhash.Malformed, "argon2id", "parameters"},
		{"$2b$10$tooshort", pwhash.Malformed, "bcrypt", ""},
		{"$6$rounds=05$salt$x", pwhash.Malformed, "sha_crypt", "rounds"},
		{"{SSHA}AAAA", pwhash.Malformed, "ldap_salted", "tag and salt"},
		{"scrypt:32768:8:x$salt$00", pwhash.Malformed, "werkzeug", "p"},
		{"$P$short", pwhash.Malformed, "phpass", "length"},
		{"!", pwhash.Disabled, "", ""},
		{"!bpvbufGQCOKnwNkKXLHhR4XHDB79zyCYMOpnHzfh", pwhash.Disabled, "", ""},
		{"hunter2", pwhash.Unknown, "", ""},
	}
	h := foreign.Hasher{Accept: []foreign.Format{foreign.Phpass}, Base: blank{}}
	for _, tt := range tests {
		_, err := h.Verify(t.Context(), pwhash.Hash(tt.stored), staple)
		bad, ok := errors.AsType[*pwhash.FormatError](err)
		if !ok || !errors.Is(err, pwhash.ErrFormat) || bad.Problem != tt.problem || bad.Field != tt.field ||
			tt.format != "" && (len(bad.Formats) == 0 || bad.Formats[0] != tt.format) {
			t.Errorf("%q: %#v, want %s of %q, %q", tt.stored, err, tt.problem, tt.format, tt.field)
		}
		if err != nil && len(tt.stored) > 4 && strings.Contains(err.Error(), tt.stored[4:]) {
			t.Errorf("%q is in its error: %v", tt.stored, err)
		}
	}
	_, err := pwhash.Argon2id{}.Inspect("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$c29tZXRhZ3NvbWV0YWc=")
	if bad, ok := errors.AsType[*pwhash.FormatError](err); !ok || bad.Problem != pwhash.Malformed || bad.Field != "tag" {
		t.Errorf("%#v, want a malformed tag", err)
	}
	if _, err := (pwhash.Argon2id{}).Inspect(" " + samples[foreign.Bcrypt]); !strings.Contains(err.Error(), "white space") {
		t.Errorf("white space: %v", err)
	}
}

func TestDetectAll(t *testing.T) {
	for stored, want := range map[pwhash.Hash][]foreign.Format{
		samples[foreign.InsecureMD5]:                  {foreign.InsecureMD5, foreign.InsecureNTLM, foreign.PrestaShop},
		samples[foreign.Bcrypt]:                       {foreign.Bcrypt, foreign.Devise, foreign.Meteor, foreign.FlaskSecurity, foreign.VBulletin5, foreign.WoltLab},
		samples[foreign.InsecureMD5] + ":salt":        {foreign.MyBB, foreign.VBulletin3, foreign.Joomla15, foreign.Magento1},
		"sha1$salt$" + samples[foreign.InsecureSHA1]:  {foreign.DjangoDigest, foreign.WerkzeugDigest},
		samples[foreign.DjangoPBKDF2]:                 {foreign.DjangoPBKDF2},
		samples[foreign.Phpass]:                       {foreign.Phpass, foreign.WordPress},
		"{MD5}" + samples[foreign.InsecureMD5]:        {foreign.InsecureSpring, foreign.InsecureLDAP},
		"!SSZUptS/1TzBi1B8UhV8JuLqnnl5Sxkj4VjCC0TtxA": nil,
	} {
		if got := foreign.Detect(stored); !slices.Equal(got, want) {
			t.Errorf("Detect(%q) = %q, want %q", string(stored), got, want)
		}
	}
}

// A hash that fits two formats which are accepted is tried in both, in either order; and
// after Base, which reads some as its own.
func TestAmbiguous(t *testing.T) {
	var werkzeug, meteor stackRow
	for _, r := range stackRows(t) {
		if r.Format == foreign.WerkzeugDigest && strings.HasPrefix(r.Hash, "sha1$") {
			werkzeug = r
		}
		if r.Format == foreign.MeteorArgon2 {
			meteor = r
		}
	}
	const django = "sha1$oKiFL4yx64o6WSYvMvwLh4$3ce4646a54f862b59be551f5ab8e647505c3ab07"
	for _, accept := range [][]foreign.Format{
		{foreign.DjangoDigest, foreign.WerkzeugDigest, foreign.MeteorArgon2, foreign.Argon2id},
		{foreign.Argon2id, foreign.MeteorArgon2, foreign.WerkzeugDigest, foreign.DjangoDigest},
	} {
		h := foreign.Hasher{Accept: accept}
		for stored, password := range map[string]string{
			django: "correct horse", werkzeug.Hash: werkzeug.Password, meteor.Hash: meteor.Password,
		} {
			if v, err := h.Verify(t.Context(), pwhash.Hash(stored), password); err != nil || !v.Match || !v.Stale {
				t.Errorf("%q: %+v, %v", stored, v, err)
			}
			if v, err := h.Verify(t.Context(), pwhash.Hash(stored), password+"x"); err != nil || v.Match {
				t.Errorf("%q, wrong password: %+v, %v", stored, v, err)
			}
		}
	}
	// Base reads bcrypt, too, where only a bcrypt of something else is accepted.
	mixed := foreign.Hasher{Accept: []foreign.Format{foreign.Meteor}}
	if v, err := mixed.Verify(t.Context(), samples[foreign.Bcrypt], staple); err != nil || !v.Match || !v.Stale {
		t.Errorf("plain bcrypt beside Meteor's: %+v, %v", v, err)
	}
	if v, err := mixed.Verify(t.Context(), samples[foreign.Bcrypt], staple+"x"); err != nil || v.Match {
		t.Errorf("plain bcrypt beside Meteor's, wrong password: %+v, %v", v, err)
	}
	// A hash of Base's own is not beyond a bound because another format has lower ones.
	h := foreign.Hasher{Accept: []foreign.Format{foreign.MeteorArgon2}, Bounds: pwhash.Bounds{Argon2KiB: 8}}
	own, err := h.Hash(t.Context(), staple)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := h.Verify(t.Context(), own, "wrong"); err != nil || v.Match {
		t.Errorf("own hash, wrong password: %+v, %v", v, err)
	}
}

// Nothing is wrapped on a guess.
func TestNewWrapperRefuses(t *testing.T) {
	md5, sha1 := samples[foreign.InsecureMD5], samples[foreign.InsecureSHA1]
	wrong := "not " + staple
	tests := []struct {
		f      foreign.Format
		probes []foreign.Probe
		want   error
	}{
		{foreign.InsecureMD5, nil, foreign.ErrProbe},
		{foreign.InsecureSHA1, nil, foreign.ErrProbe},
		{foreign.InsecureSHA256, nil, foreign.ErrProbe},
		{foreign.DjangoDigest, nil, foreign.ErrProbe},
		{"hash:salt = md5(md5(pw) + salt)", nil, foreign.ErrProbe},
		{foreign.InsecureMD5, []foreign.Probe{{md5, wrong}}, foreign.ErrProbe},
		{foreign.InsecureNTLM, []foreign.Probe{{md5, staple}}, foreign.ErrProbe},
		{foreign.InsecureMD5, []foreign.Probe{{md5, staple}, {md5, wrong}}, foreign.ErrProbe},
		{foreign.InsecureMD5, []foreign.Probe{{sha1, staple}}, pwhash.ErrFormat},
		{foreign.Wrapped, nil, pwhash.ErrFormat},
		{foreign.InsecureMD5, []foreign.Probe{{md5, staple}}, nil},
		{foreign.MD5Crypt, nil, nil}, // has a mark of its own
	}
	for _, tt := range tests {
		w, err := foreign.NewWrapper(t.Context(), foreign.Hasher{}, tt.f, tt.probes...)
		if !errors.Is(err, tt.want) || (w != nil) != (tt.want == nil) {
			t.Errorf("%s, %d probes: %v, want %v", tt.f, len(tt.probes), err, tt.want)
		}
	}
	if _, err := foreign.NewWrapper(t.Context(), foreign.Hasher{}, "md5"); err == nil {
		t.Error("a format that is none: no error")
	}
}

// A row of a stack that ran in ISO 8859-1, made by PHP: hash("sha256", iconv("UTF-8", "ISO-8859-1", "Gr\u00fc\u00dfe")).
func TestLatin1(t *testing.T) {
	const old = "ffe1279f72b07bb67a4f98840ec659bfef3610810a3c54faced3a14c45b1cdf7"
	line := foreign.Format("hash = sha256(pw)")
	for _, h := range []foreign.Hasher{{Accept: []foreign.Format{line}}, {Accept: []foreign.Format{line}, Latin1: true}} {
		for password, match := range map[string]bool{"Gr\u00fc\u00dfe": h.Latin1, "Gr\u00fc\u00dfe!": false, "Gr\xfc\xdfe": true, "Gru\u0308\u00dfe": false, "\u20ac": false} {
			if v, err := h.Verify(t.Context(), old, password); err != nil || v.Match != match {
				t.Errorf("Latin1 %t, %+q: %+v, %v, want a match: %t", h.Latin1, password, v, err, match)
			}
		}
		wrapper, err := foreign.NewWrapper(t.Context(), h, line, foreign.Probe{Stored: old, Password: "Gr\u00fc\u00dfe"})
		if (err == nil) != h.Latin1 {
			t.Fatalf("Latin1 %t: NewWrapper: %v", h.Latin1, err)
		}
		if err != nil {
			continue
		}
		w, err := wrapper.Wrap(t.Context(), old)
		if err != nil {
			t.Fatal(err)
		}
		h.Accept = []foreign.Format{foreign.Wrapped}
		if v, err := h.Verify(t.Context(), w, "Gr\u00fc\u00dfe"); err != nil || !v.Match {
			t.Errorf("wrapped: %+v, %v", v, err)
		}
	}
}

// Base judges Argon2id in UTF-8, and accepting it adds the second try.
func TestLatin1BesideBase(t *testing.T) {
	cheap := pwhash.Argon2id{KiB: 64, Passes: 1, InsecureCosts: true}
	old, err := cheap.Hash(t.Context(), "Gr\xfc\xdfe")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []foreign.Hasher{
		{Base: cheap, Latin1: true}, {Base: cheap, Accept: []foreign.Format{foreign.Argon2id}}, {Base: cheap, Accept: []foreign.Format{foreign.Argon2id}, Latin1: true},
	} {
		want := h.Latin1 && len(h.Accept) > 0
		if v, err := h.Verify(t.Context(), old, "Gr\u00fc\u00dfe"); err != nil || v.Match != want || v.Stale != want {
			t.Errorf("Latin1 %t, %q: %+v, %v, want a match: %t", h.Latin1, h.Accept, v, err, want)
		}
	}
}

func TestCustom(t *testing.T) {
	rot := foreign.Custom{Name: "rot13", Parse: func(stored string) (foreign.Parsed, error) {
		text, ok := strings.CutPrefix(stored, "rot13:")
		if !ok {
			return foreign.Parsed{}, pwhash.ErrFormat
		}
		if len(text) > 20 {
			return foreign.Parsed{}, &pwhash.BoundsError{Param: "length", Value: uint64(len(text)), Max: 20}
		}
		return foreign.Parsed{Cost: "n=13", Memory: 1, Match: func(password string) (bool, error) {
			turned := strings.Map(func(r rune) rune { return 'a' + (r-'a'+13)%26 }, password)
			return turned == text, nil
		}}, nil
	}}
	h := foreign.Hasher{Custom: []foreign.Custom{rot}}
	if err := h.Validate(); err != nil {
		t.Fatal(err)
	}
	if v, err := h.Verify(t.Context(), "rot13:uryyb", "hello"); err != nil || v != (pwhash.Verdict{Match: true, Stale: true}) {
		t.Errorf("Verify = %+v, %v", v, err)
	}
	if v, err := h.Verify(t.Context(), "rot13:uryyb", "hallo"); err != nil || v.Match {
		t.Errorf("wrong password: %+v, %v", v, err)
	}
	if info, err := h.Inspect("rot13:uryyb"); err != nil || info != (pwhash.Info{Format: "rot13", Cost: "n=13", Memory: 1, Stale: true}) {
		t.Errorf("Inspect = %+v, %v", info, err)
	}
	if _, err := h.Verify(t.Context(), "rot13:aaaaaaaaaaaaaaaaaaaaaaaa", "x"); !outOfBounds(err) {
		t.Errorf("bounds: %v", err)
	}
	for _, bad := range [][]foreign.Custom{{rot, rot}, {{Name: "x"}}, {{Parse: rot.Parse}}, {{Name: foreign.Bcrypt, Parse: rot.Parse}}, {{Name: foreign.Wrapped, Parse: rot.Parse}}} {
		if err := (foreign.Hasher{Custom: bad}).Validate(); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
}

// The row of a project's export, with the parameters of the project beside it and not in it.
func TestFirebaseExport(t *testing.T) {
	h := foreign.Hasher{Accept: []foreign.Format{foreign.FirebaseExport}, Firebase: everything().Firebase}
	if err := h.Validate(); err != nil {
		t.Fatal(err)
	}
	// The vector that Firebase publishes, in the alphabet of its export.
	const row = `{"localId":"1","email":"a@example.com","passwordHash":"lSrfV15cpx95_sZS2W9c9Kp6i_LVgQNDNC_qzrCnh1SAyZvqmZqAjTdn3aoItz-VHjoZilo78198JAdRuid5lQ==","salt":"42xEC-ixf3L2lw==","createdAt":"1"}`
	for password, match := range map[string]bool{"user1password": true, "user2password": false} {
		if v, err := h.Verify(t.Context(), row, password); err != nil || v.Match != match {
			t.Errorf("%q: %+v, %v", password, v, err)
		}
	}
	if err := (foreign.Hasher{Accept: h.Accept}).Validate(); err == nil {
		t.Error("no signer key: no error")
	}
	line := foreign.Format("hash:salt = base64url(firebase(pw, unbase64(salt), unbase64('jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=='), unbase64('Bw=='), 8, 14))")
	h = foreign.Hasher{Accept: []foreign.Format{line}}
	if v, err := h.Verify(t.Context(), "lSrfV15cpx95_sZS2W9c9Kp6i_LVgQNDNC_qzrCnh1SAyZvqmZqAjTdn3aoItz-VHjoZilo78198JAdRuid5lQ==:42xEC-ixf3L2lw==", "user1password"); err != nil || !v.Match {
		t.Errorf("as a scheme: %+v, %v", v, err)
	}
}

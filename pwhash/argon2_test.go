package pwhash_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/pwhash"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

var hasher pwhash.Hasher = pwhash.Argon2id{}

// known is the password of most hashes in these tests.
const (
	known = "analytical engine 1843"
	other = "difference engine 1822"
)

func verify(t *testing.T, h pwhash.Hash, password string) pwhash.Verdict {
	t.Helper()
	v, err := hasher.Verify(t.Context(), h, password)
	if err != nil {
		t.Fatalf("Verify: %v", err)
	}
	return v
}

// cheap is a hash that takes no time, as no Argon2id would make it.
func cheap(password string) pwhash.Hash {
	salt := []byte("0123456789abcdef")
	tag := argon2.IDKey([]byte(password), salt, 1, 8, 1, 32)
	b64 := base64.RawStdEncoding.EncodeToString
	return pwhash.Hash("$argon2id$v=19$m=8,t=1,p=1$" + b64(salt) + "$" + b64(tag))
}

// H1, H3
func TestArgon2idHash(t *testing.T) {
	const password = "correct horse battery staple"
	shape := regexp.MustCompile(`^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`)
	var made [2]pwhash.Hash
	for i := range made {
		h, err := hasher.Hash(t.Context(), password)
		if err != nil {
			t.Fatal(err)
		}
		if !shape.MatchString(string(h)) {
			t.Errorf("hash is %q, want 16 bytes of salt and 32 of tag at the default costs", string(h))
		}
		if v := verify(t, h, password); v != (pwhash.Verdict{Match: true}) {
			t.Errorf("own hash: %+v, want a match that is not stale", v)
		}
		made[i] = h
	}
	if made[0] == made[1] {
		t.Error("two hashes of one password are equal")
	}
	if v := verify(t, made[0], "Correct horse battery staple"); v != (pwhash.Verdict{}) { // P4
		t.Errorf("another case of the first letter: %+v", v)
	}
}

// H2
func TestArgon2idValidate(t *testing.T) {
	tests := []struct {
		a  pwhash.Argon2id
		ok bool
	}{
		{pwhash.Argon2id{}, true},
		{pwhash.Argon2id{KiB: 47104, Passes: 1}, true},
		{pwhash.Argon2id{KiB: 47103, Passes: 1}, false},
		{pwhash.Argon2id{KiB: 19456, Passes: 2}, true},
		{pwhash.Argon2id{KiB: 19455, Passes: 2}, false},
		{pwhash.Argon2id{KiB: 12288, Passes: 3}, true},
		{pwhash.Argon2id{KiB: 12287, Passes: 3}, false},
		{pwhash.Argon2id{KiB: 12288, Passes: 16}, true},
		{pwhash.Argon2id{KiB: 12287, Passes: 16}, false},
		{pwhash.Argon2id{KiB: 12288, Passes: 17}, false},
		{pwhash.Argon2id{KiB: 65536, Passes: 3, Lanes: 4}, true},
		{pwhash.Argon2id{KiB: 65536, Passes: 16}, true},
		{pwhash.Argon2id{KiB: 65537, Passes: 16}, false},
		{pwhash.Argon2id{KiB: 262144, Passes: 4}, true},
		{pwhash.Argon2id{KiB: 262145}, false},
		{pwhash.Argon2id{Lanes: 16}, true},
		{pwhash.Argon2id{Lanes: 17}, false},
		{pwhash.Argon2id{Passes: 1}, false},
		{pwhash.Argon2id{KiB: 12288}, false},
		{pwhash.Argon2id{KiB: 1<<32 - 1, Passes: 1<<32 - 1, Lanes: 255}, false},
	}
	for _, tt := range tests {
		err := tt.a.Validate()
		if (err == nil) != tt.ok {
			t.Errorf("%+v: %v", tt.a, err)
		}
		if tt.ok {
			continue
		}
		if h, hashErr := tt.a.Hash(t.Context(), "x"); h != "" || hashErr == nil || hashErr.Error() != err.Error() {
			t.Errorf("%+v: Hash = %q, %v, want Validate's error", tt.a, string(h), hashErr)
		}
	}
}

func TestArgon2idEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if h, err := hasher.Hash(ctx, "x"); h != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("Hash = %q, %v", string(h), err)
	}
	if v, err := hasher.Verify(ctx, cheap("x"), "x"); v.Match || !errors.Is(err, context.Canceled) {
		t.Errorf("Verify = %+v, %v", v, err)
	}
}

// Made by libargon2, libxcrypt, htpasswd and others: not by the code under test (H3, H6).
func TestVerifyVectors(t *testing.T) {
	const staple = "correct horse battery staple"
	const punctuation = `pa$$w0rd:{x}%n"'\,=;`
	const digits72 = "0123456789012345678901234567890123456789012345678901234567890123456789ab"
	tests := []struct {
		hash     pwhash.Hash
		password string
		want     bool
	}{
		{"$argon2id$v=19$m=256,t=2,p=1$q0VJCmLAsSF8gbDdcqvXYA$Shzm0+N+U9CoinFhosDqbwCWnKdEs2saz004AxtFHDo", staple, true},
		{"$argon2id$v=19$m=256,t=2,p=1$qd68rtg+tqALiwvU0CqaIw$R2I2rqe+t7WtN1nonIYVK6HXP2o5bY98W+KpC+yHa7k", "", true},
		{"$argon2id$v=19$m=256,t=2,p=1$qtSswiL3DD4O5mZ0i7qKQA$5mNpDC+dRj44wJrP5cVV69ouKjxTt/efsMH/XjivUIw", punctuation, true},
		{"$argon2id$v=19$m=256,t=2,p=1$FaApzk3Qs8tDZDTuVX7cPw$VjURi+F3/kBwQihlOhSiYuaz/n6u5mSzF3zUQcNYGVg", "caf\u00e9", true},
		{"$argon2id$v=19$m=256,t=2,p=1$FaApzk3Qs8tDZDTuVX7cPw$VjURi+F3/kBwQihlOhSiYuaz/n6u5mSzF3zUQcNYGVg", "cafe\u0301", false},
		{"$argon2id$v=19$m=256,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$6v921DcCh4JgNTUk8Zy5XG6tyoURKEoHlKq0MC/5wLE", staple, true},
		{"$argon2id$v=19$m=256,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$6v921DcCh4JgNTUk8Zy5XG6tyoURKEoHlKq0MC/5wLE", "", false},
		{"$argon2id$v=19$m=67,t=2,p=3$T+6giL3kFG4kSQk$UCNkHIBeIo704iMpnHqbasDUiLIE/Jpr", staple, true},
		{"$argon2id$v=19$m=512,t=2,p=2$LqU0htAaQ8iZ8z4HwJjzvg$KK3wrtiCjYqKTtQE/AT/bw", staple, true},
		{"$argon2id$v=19$m=32,t=2,p=4$cm94YnRVOW5jZzFzcVE4bQ$MNzk5BtR2vUhrp6qQEjRNw", "test", true},
		{"$argon2id$v=19$m=7168,t=5,p=1$7cbhOKhGKssNvQJZk/7RMg$WRdZES7nxKrsUQ780SMG4+T2rGRiZocOvME/pUhZkaA", staple, true},

		{"$2a$05$P0JeM.n2UlWgjZdHBZ5W1e3bvUBROD7buhMOXpB9gezzrcZ/Q13Za", staple, true},
		{"$2a$05$P0JeM.n2UlWgjZdHBZ5W1e3bvUBROD7buhMOXpB9gezzrcZ/Q13Za", staple + "r", false},
		{"$2b$05$iDcR/u2haSP1c9q0GVn0/OF05SajVb7dXyPysHY6Ao3wK8fwNy2SS", "", true},
		{"$2b$05$d4S1BJX4i7YOuz9PeHJ.rueZkYE14TeWE1VHQQCf3DhCGJUodJZQG", punctuation, true},
		{"$2y$05$EGWYuTS2M1JOdjDGdKdVEOh9le/ICOmJC6w8dy7.t9NpD2hZhkM8a", staple, true},
		{"$2a$05$.L8y/0HK3muKsF.cQL8iUeT/5k3pBsbDMu2HwjBiNn2sqljHFN/ta", "p\u00e4ssw\u00f6rd-\u5bc6\u7801-\U0001f511", true},
		{"$2a$05$bKyUVqlBiO/N9bHFtjeW1eybrZknu365WnmaKCGw3a4QA0Ars7PN2", digits72, true},
		{"$2a$05$bKyUVqlBiO/N9bHFtjeW1eybrZknu365WnmaKCGw3a4QA0Ars7PN2", digits72[:71], false},

		// H6: bcrypt reads 72 bytes, and its Go implementation compares no more.
		{"$2a$05$bKyUVqlBiO/N9bHFtjeW1eybrZknu365WnmaKCGw3a4QA0Ars7PN2", digits72 + "c", false},
		{"$2b$05$U8SLp01dRUox0dwZo68atuA1y1QLWfRZq8DTbq7ChkCwSaejcSR0O", digits72 + "c", false},
		// bcrypt repeats the password with a NUL after it.
		{"$2b$05$abcdefghijklmnopqrstuu8.veTXNDPV2eEsdpKNczMw2otgh5LnK", "a", true},
		{"$2b$05$abcdefghijklmnopqrstuu8.veTXNDPV2eEsdpKNczMw2otgh5LnK", "a\x00a", false},
		{"$2b$05$abcdefghijklmnopqrstuu0oImNDIy4flhldV9YqunRgBAePKmw7m", "\x00", false},
	}
	for _, tt := range tests {
		want := pwhash.Verdict{Match: tt.want, Stale: tt.want} // all of them are cheap, or bcrypt
		if got := verify(t, tt.hash, tt.password); got != want {
			t.Errorf("%s with %q: %+v, want %+v", string(tt.hash), tt.password, got, want)
		}
	}
}

// H6: the two comparisons that the vectors above refuse: if x/crypto begins to refuse
// them itself, the reason for our own check is gone.
func TestBcryptStillComparesTooMuch(t *testing.T) {
	for password, hash := range map[string]string{
		strings.Repeat("0123456789", 7) + "abc": "$2a$05$bKyUVqlBiO/N9bHFtjeW1eybrZknu365WnmaKCGw3a4QA0Ars7PN2",
		"a\x00a":                                "$2b$05$abcdefghijklmnopqrstuu8.veTXNDPV2eEsdpKNczMw2otgh5LnK",
	} {
		if err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)); err != nil {
			t.Errorf("bcrypt refuses %q: %v", password, err)
		}
	}
}

func TestVerifyMalformed(t *testing.T) { // H3
	const salt, tag = "MDEyMzQ1Njc4OWFiY2RlZg", "6v921DcCh4JgNTUk8Zy5XG6tyoURKEoHlKq0MC/5wLE"
	const good = "$argon2id$v=19$m=256,t=2,p=1$" + salt + "$" + tag
	phc := func(params, salt, tag string) string { return "$argon2id$v=19$" + params + "$" + salt + "$" + tag }
	const bsalt, bdigest = "SeBOIOcYSThKZeo00martu", "rNZ3HF7NliPGHDEDZcJVnfVg1yoiM5O"
	tests := []struct {
		name  string
		hash  string
		param string // of a BoundsError; "" is ErrFormat
	}{
		{"empty", "", ""},
		{"plain text", "correct horse battery staple", ""},
		{"dollar", "$", ""},
		{"only prefix", "$argon2id$", ""},
		{"text before", "x" + good, ""},
		{"space before", " " + good, ""},
		{"newline after", good + "\n", ""},
		{"field after", good + "$extra", ""},
		{"empty field after", good + "$", ""},
		{"padded", good + "=", ""},
		{"upper case", strings.Replace(good, "argon2id", "Argon2id", 1), ""},
		{"argon2i", strings.Replace(good, "argon2id", "argon2i", 1), ""},
		{"argon2d", strings.Replace(good, "argon2id", "argon2d", 1), ""},
		{"version 16", strings.Replace(good, "v=19", "v=16", 1), ""},
		{"no version", strings.Replace(good, "v=19$", "", 1), ""},
		{"no parameters", phc("", salt, tag), ""},
		{"order", phc("t=2,m=256,p=1", salt, tag), ""},
		{"missing", phc("m=256,t=2", salt, tag), ""},
		{"keyid", phc("m=256,t=2,p=1,keyid=AAAA", salt, tag), "tag"},
		{"twice", phc("m=256,m=256,p=1", salt, tag), ""},
		{"minus", phc("m=-256,t=2,p=1", salt, tag), ""},
		{"plus", phc("m=+256,t=2,p=1", salt, tag), ""},
		{"leading zero", phc("m=0256,t=2,p=1", salt, tag), ""},
		{"leading zeros only", phc("m=256,t=00,p=1", salt, tag), ""},
		{"space", phc("m= 256,t=2,p=1", salt, tag), ""},
		{"hexadecimal", phc("m=0x100,t=2,p=1", salt, tag), ""},
		{"underscore", phc("m=2_56,t=2,p=1", salt, tag), ""},
		{"fraction", phc("m=256.0,t=2,p=1", salt, tag), ""},
		{"no digits", phc("m=,t=2,p=1", salt, tag), ""},
		{"not ASCII digits", phc("m=\u0662\u0665\u0666,t=2,p=1", salt, tag), ""},
		{"newline in parameters", phc("m=256,t=2,p=1\n", salt, tag), ""},
		{"newline in salt", phc("m=256,t=2,p=1", salt[:8]+"\n"+salt[8:], tag), ""},
		{"carriage return in tag", phc("m=256,t=2,p=1", salt, tag[:8]+"\r"+tag[8:]), ""},
		{"URL alphabet", phc("m=256,t=2,p=1", salt, strings.Replace(tag, "/", "_", 1)), ""},
		{"stray bits in salt", phc("m=256,t=2,p=1", salt[:21]+"h", tag), ""},
		{"stray bits in tag", phc("m=256,t=2,p=1", salt, tag[:42]+"F"), ""},
		{"salt of 4n+1", phc("m=256,t=2,p=1", salt[:21], tag), ""},
		{"wraps to 256", phc("m=4294967552,t=2,p=1", salt, tag), ""},
		{"over 64 bits", phc("m=18446744073709551872,t=2,p=1", salt, tag), ""},

		{"no memory", phc("m=0,t=2,p=1", salt, tag), "m"},
		{"memory under 8p", phc("m=31,t=2,p=4", salt, tag), "m"},
		{"memory over 256 MiB", phc("m=262145,t=2,p=1", salt, tag), "m"},
		{"all memory", phc("m=4294967295,t=2,p=1", salt, tag), "m"},
		{"no pass", phc("m=256,t=0,p=1", salt, tag), "t"},
		{"17 passes", phc("m=256,t=17,p=1", salt, tag), "t"},
		{"all passes", phc("m=256,t=4294967295,p=1", salt, tag), "t"},
		{"no lane", phc("m=256,t=2,p=0", salt, tag), "p"},
		{"17 lanes", phc("m=256,t=2,p=17", salt, tag), "p"},
		{"257 lanes", phc("m=4096,t=2,p=257", salt, tag), "p"},
		{"over 1 GiB", phc("m=262144,t=5,p=1", salt, tag), "m*t"},
		{"no salt", phc("m=256,t=2,p=1", "", tag), "salt"},
		{"salt of 7", phc("m=256,t=2,p=1", "MDEyMzQ1Ng", tag), "salt"},
		{"salt of 66", phc("m=256,t=2,p=1", strings.Repeat("AAAA", 22), tag), "salt"},
		{"no tag", phc("m=256,t=2,p=1", salt, ""), "tag"},
		{"tag of 15", phc("m=256,t=2,p=1", salt, strings.Repeat("AAAA", 5)), "tag"},
		{"tag of 66", phc("m=256,t=2,p=1", salt, strings.Repeat("AAAA", 22)), "tag"},
		{"long", phc("m=256,t=2,p=1", strings.Repeat("A", 1398102), tag), "length"},
		{"1025 bytes", strings.Repeat("$", 1025), "length"},

		{"$2", "$2", ""},
		{"$2x$", "$2x$05$" + bsalt + bdigest, ""},
		{"$2$", "$2$05$" + bsalt + bdigest + "a", ""},
		{"$2z$", "$2z$05$" + bsalt + bdigest, ""},
		{"bcrypt, no digest", "$2b$05$" + bsalt, ""},
		{"bcrypt, 61 characters", "$2b$05$" + bsalt + bdigest + ".", ""},
		{"bcrypt, newline", "$2b$05$" + bsalt + bdigest + "\n", ""},
		{"bcrypt, newline last", "$2b$05$" + bsalt + bdigest[:30] + "\n", ""},
		{"bcrypt, other alphabet", "$2b$05$SeB!IOcYSThKZeo00martu" + bdigest, ""},
		{"bcrypt, not ASCII", "$2b$05$\u00e9BOIOcYSThKZeo00martu" + bdigest, ""},
		{"bcrypt, stray salt bits", "$2b$05$SeBOIOcYSThKZeo00martv" + bdigest, ""},
		{"bcrypt, stray digest bits", "$2b$05$abcdefghijklmnopqrstuuWHxnxkyNt6AHCwFMQaY6auyqJA8E98b", ""},
		{"bcrypt, cost of one digit", "$2b$5$" + bsalt + bdigest + ".", ""},
		{"bcrypt, signed cost", "$2b$+5$" + bsalt + bdigest, ""},
		{"bcrypt, hexadecimal cost", "$2b$0x$" + bsalt + bdigest, ""},
		{"bcrypt, separator", "$2b$05." + bsalt + bdigest, ""},
		{"bcrypt, cost 3", "$2b$03$" + bsalt + bdigest, "cost"},
		{"bcrypt, cost 16", "$2b$16$" + bsalt + bdigest, "cost"},
		{"bcrypt, cost 99", "$2b$99$" + bsalt + bdigest, "cost"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := hasher.Verify(t.Context(), pwhash.Hash(tt.hash), "correct horse battery staple")
			if err == nil || v != (pwhash.Verdict{}) {
				t.Fatalf("Verify = %+v, %v, want an error", v, err)
			}
			bounds, isBounds := errors.AsType[*pwhash.BoundsError](err)
			switch {
			case tt.param == "" && !errors.Is(err, pwhash.ErrFormat):
				t.Errorf("error is %v, want ErrFormat", err)
			case tt.param != "" && (!isBounds || bounds.Param != tt.param):
				t.Errorf("error is %v, want a BoundsError about %s", err, tt.param)
			}
			for _, secret := range []string{salt, tag, bsalt, bdigest} { // I7
				if strings.Contains(err.Error(), secret) {
					t.Errorf("error contains a part of the hash: %v", err)
				}
			}
		})
	}
}

// Which hashes are stale, told without computing any; the vectors, the own hash
// and the example show that Verify says so.
func TestArgon2idStale(t *testing.T) {
	made := func(costs string, salt, tag int) string {
		b64 := base64.RawStdEncoding.EncodeToString
		return "$argon2id$v=19$" + costs + "$" + b64(make([]byte, salt)) + "$" + b64(make([]byte, tag))
	}
	tests := []struct {
		name string
		a    pwhash.Argon2id
		hash string
		want bool
	}{
		{"equal", pwhash.Argon2id{}, made("m=19456,t=2,p=1", 16, 32), false},
		{"less memory, more work", pwhash.Argon2id{}, made("m=19455,t=3,p=1", 16, 32), true},
		{"fewer passes", pwhash.Argon2id{}, made("m=19456,t=1,p=1", 16, 32), true},
		{"more passes", pwhash.Argon2id{}, made("m=19456,t=3,p=1", 16, 32), false},
		{"more memory, fewer passes, more work", pwhash.Argon2id{}, made("m=47104,t=1,p=1", 16, 32), false},
		{"more memory, less work", pwhash.Argon2id{KiB: 19456, Passes: 3}, made("m=47104,t=1,p=1", 16, 32), true},
		{"other lanes", pwhash.Argon2id{}, made("m=19456,t=2,p=2", 16, 32), false},
		{"short salt", pwhash.Argon2id{}, made("m=19456,t=2,p=1", 15, 32), true},
		{"short tag", pwhash.Argon2id{}, made("m=19456,t=2,p=1", 16, 31), true},
		{"long salt and tag", pwhash.Argon2id{}, made("m=19456,t=2,p=1", 64, 64), false},
		{"costs were raised", pwhash.Argon2id{KiB: 65536, Passes: 3, Lanes: 4}, made("m=19456,t=2,p=1", 16, 32), true},
		{"costs were lowered", pwhash.Argon2id{}, made("m=65536,t=3,p=4", 16, 32), false},
	}
	for _, tt := range tests {
		if got, err := tt.a.Inspect(pwhash.Hash(tt.hash)); err != nil || got.Stale != tt.want {
			t.Errorf("%s: stale is %t, %v", tt.name, got.Stale, err)
		}
	}
}

// P4, H6: the whole password counts, whatever its length.
func TestVerifyWholePassword(t *testing.T) {
	for n := range 200 {
		password := strings.Repeat("p", n)
		h := cheap(password)
		if !verify(t, h, password).Match {
			t.Fatalf("%d bytes do not verify", n)
		}
		if verify(t, h, password+"x").Match || n > 0 && verify(t, h, password[1:]).Match {
			t.Errorf("%d bytes: a longer or shorter password verifies", n)
		}
	}
	for _, n := range []int{1, 8, 55, 56, 70, 71, 72} {
		password := strings.Repeat("p", n-1) + "q"
		h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		if got := verify(t, pwhash.Hash(h), password); got != (pwhash.Verdict{Match: true, Stale: true}) {
			t.Errorf("bcrypt, %d bytes: %+v", n, got)
		}
		if verify(t, pwhash.Hash(h), password+"x").Match || verify(t, pwhash.Hash(h), password[:n-1]).Match {
			t.Errorf("bcrypt, %d bytes: a longer or shorter password verifies", n)
		}
	}
}

// FuzzVerify holds that no stored hash makes Verify panic or exceed its bounds,
// and that every hash it accepts has one spelling.
func FuzzVerify(f *testing.F) {
	f.Add("$argon2id$v=19$m=256,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$6v921DcCh4JgNTUk8Zy5XG6tyoURKEoHlKq0MC/5wLE", "")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$MDEyMzQ1Njc4OWFiY2RlZg$6v921DcCh4JgNTUk8Zy5XG6tyoURKEoHlKq0MC/5wLE", "x")
	f.Add("$argon2id$v=19$m=0,t=0,p=0$$", "x")
	f.Add("$2b$04$abcdefghijklmnopqrstuu8.veTXNDPV2eEsdpKNczMw2otgh5LnK", "a")
	f.Add("$2b$31$abcdefghijklmnopqrstuu8.veTXNDPV2eEsdpKNczMw2otgh5LnK", "a")
	f.Add("$2", "\x00")
	f.Fuzz(func(t *testing.T, hash, password string) {
		again, work, err := pwhash.Parsed(hash)
		if err == nil && again != hash {
			t.Errorf("%q parses, and is written %q", hash, again)
		}
		if work > 1<<20 {
			t.Errorf("%q takes %d KiB of work", hash, work)
		}
		if work > 1<<12 || strings.HasPrefix(hash, "$2") && len(hash) == 60 && hash[4:6] > "05" {
			return // within the bounds, and too dear for a fuzzer
		}
		v, verr := hasher.Verify(t.Context(), pwhash.Hash(hash), password)
		if v.Stale && !v.Match || v.Match && verr != nil {
			t.Errorf("Verify(%q) = %+v, %v", hash, v, verr)
		}
		_, bounds := errors.AsType[*pwhash.BoundsError](verr)
		if verr != nil && !bounds && !errors.Is(verr, pwhash.ErrFormat) {
			t.Errorf("Verify(%q): %v is no error of a stored hash", hash, verr)
		}
		if len(password) < 200 && !strings.Contains(password, "\x00") {
			h := cheap(password)
			if !verify(t, h, password).Match || verify(t, h, password+"x").Match { // P4
				t.Errorf("%q or %q misjudged", password, password+"x")
			}
		}
	})
}

func ExampleArgon2id() {
	ctx := context.Background()
	hasher := pwhash.Argon2id{} // 19 MiB, 2 passes
	hash, err := hasher.Hash(ctx, "correct horse battery staple")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(hash, string(hash)[:30])

	// Later the costs are raised: the hash still verifies, and is due for a new one.
	hasher = pwhash.Argon2id{KiB: 64 << 10, Passes: 3, Lanes: 4}
	verdict, err := hasher.Verify(ctx, hash, "correct horse battery staple")
	fmt.Printf("%+v %v\n", verdict, err)
	// Output:
	// [redacted] $argon2id$v=19$m=19456,t=2,p=1
	// {Match:true Stale:true} <nil>
}

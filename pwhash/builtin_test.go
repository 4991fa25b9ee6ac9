package pwhash_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/pwhash"
	"golang.org/x/crypto/argon2"
)

// One cheap hasher of each algorithm.
var (
	cheapArgon2 = pwhash.Argon2id{KiB: 64, Passes: 1, InsecureCosts: true}
	cheapScrypt = pwhash.Scrypt{LogN: 4, R: 1, InsecureCosts: true}
	cheapPBKDF2 = pwhash.PBKDF2{Rounds: 10, InsecureCosts: true}
)

const (
	salt16 = "MDEyMzQ1Njc4OWFiY2RlZg"
	tag32  = "6v921DcCh4JgNTUk8Zy5XG6tyoURKEoHlKq0MC/5wLE"
)

// H1, H2, H3: what each hasher writes, and its default costs, told by what is
// stale for them; TestArgon2idHash makes a hash of the zero Argon2id.
func TestForms(t *testing.T) {
	const saltAndTag = `\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`
	const end = "$" + salt16 + "$" + tag32
	for _, tt := range []struct {
		cheap, zero pwhash.Inspector
		shape       string
		info        pwhash.Info
		less, least string
	}{
		{cheapArgon2, pwhash.Argon2id{}, `^\$argon2id\$v=19\$m=64,t=1,p=1`, pwhash.Info{Format: "argon2id", Cost: "m=64,t=1,p=1", Memory: 64 << 10}, "$argon2id$v=19$m=19455,t=3,p=1", "$argon2id$v=19$m=19456,t=2,p=1"},
		{cheapScrypt, pwhash.Scrypt{}, `^\$scrypt\$ln=4,r=1,p=1`, pwhash.Info{Format: "scrypt", Cost: "ln=4,r=1,p=1", Memory: 2 << 10}, "$scrypt$ln=16,r=8,p=2", "$scrypt$ln=17,r=8,p=1"},
		{cheapPBKDF2, pwhash.PBKDF2{}, `^\$pbkdf2-sha256\$i=10`, pwhash.Info{Format: "pbkdf2-sha256", Cost: "i=10"}, "$pbkdf2-sha256$i=599999", "$pbkdf2-sha256$i=600000"},
	} {
		h, err := tt.cheap.Hash(t.Context(), known)
		if err != nil {
			t.Fatal(err)
		}
		again, err := tt.cheap.Hash(t.Context(), known)
		if err != nil || again == h {
			t.Errorf("%T: two hashes of one password are equal, %v", tt.cheap, err)
		}
		if !regexp.MustCompile(tt.shape + saltAndTag).MatchString(string(h)) {
			t.Errorf("%T writes %q", tt.cheap, string(h))
		}
		if v, err := tt.cheap.Verify(t.Context(), h, known); err != nil || v != (pwhash.Verdict{Match: true}) {
			t.Errorf("%T, own hash: %+v, %v", tt.cheap, v, err)
		}
		if info, err := tt.cheap.Inspect(h); err != nil || info != tt.info {
			t.Errorf("%T: Inspect = %+v, %v, want %+v", tt.cheap, info, err, tt.info)
		}
		for stored, stale := range map[string]bool{tt.less: true, tt.least: false} {
			if info, err := tt.zero.Inspect(pwhash.Hash(stored + end)); err != nil || info.Stale != stale {
				t.Errorf("%T, %s: Inspect = %+v, %v, want stale: %t", tt.zero, stored, info, err, stale)
			}
		}
	}
	if a := pwhash.RFC9106(); a.KiB != 65536 || a.Passes != 3 || a.Lanes != 4 || a.Validate() != nil {
		t.Errorf("RFC9106 = %d KiB, %d passes, %d lanes", a.KiB, a.Passes, a.Lanes)
	}
}

// A change of the algorithm locks nobody out, and makes the other hashes stale (H4).
func TestEachReadsAll(t *testing.T) {
	hashers := []pwhash.Inspector{cheapArgon2, cheapScrypt, cheapPBKDF2}
	for i, maker := range hashers {
		h, err := maker.Hash(t.Context(), known)
		if err != nil {
			t.Fatal(err)
		}
		for j, reader := range hashers {
			want := pwhash.Verdict{Match: true, Stale: i != j}
			if v, err := reader.Verify(t.Context(), h, known); err != nil || v != want {
				t.Errorf("%T reads a hash of %T: %+v, %v", reader, maker, v, err)
			}
			if v, err := reader.Verify(t.Context(), h, known+"x"); err != nil || v != (pwhash.Verdict{}) { // P4
				t.Errorf("%T, wrong password for %T: %+v, %v", reader, maker, v, err)
			}
			if info, err := reader.Inspect(h); err != nil || info.Stale != want.Stale {
				t.Errorf("%T inspects a hash of %T: %+v, %v", reader, maker, info, err)
			}
		}
		only := cheapPBKDF2
		only.Only = true
		v, err := only.Verify(t.Context(), h, known)
		if own := i == 2; v.Match != own || errors.Is(err, pwhash.ErrFormat) == own {
			t.Errorf("PBKDF2 alone reads a hash of %T: %+v, %v", maker, v, err)
		}
	}
	bcrypt := pwhash.Hash("$2b$05$abcdefghijklmnopqrstuu8.veTXNDPV2eEsdpKNczMw2otgh5LnK")
	for _, reader := range hashers {
		if v, err := reader.Verify(t.Context(), bcrypt, "a"); err != nil || v != (pwhash.Verdict{Match: true, Stale: true}) {
			t.Errorf("%T reads bcrypt: %+v, %v", reader, v, err)
		}
	}
	if _, err := (pwhash.PBKDF2{Only: true}).Verify(t.Context(), bcrypt, "a"); !errors.Is(err, pwhash.ErrFormat) {
		t.Errorf("PBKDF2 alone reads bcrypt: %v", err)
	}
}

// H2
func TestFloors(t *testing.T) {
	tests := []struct {
		h  interface{ Validate() error }
		ok bool
	}{
		{pwhash.Scrypt{}, true},
		{pwhash.Scrypt{LogN: 16}, false},
		{pwhash.Scrypt{LogN: 16, P: 2}, true},
		{pwhash.Scrypt{LogN: 15, P: 2}, false},
		{pwhash.Scrypt{LogN: 15, P: 3}, true},
		{pwhash.Scrypt{LogN: 14, P: 16}, false},
		{pwhash.Scrypt{R: 7}, false},
		{pwhash.Scrypt{R: 16}, true},
		{pwhash.Scrypt{R: 17}, false},           // over 256 MiB
		{pwhash.Scrypt{LogN: 15, P: 17}, false}, // cannot be verified
		{pwhash.Scrypt{LogN: 18, P: 5}, false},
		{pwhash.Scrypt{LogN: 63}, false},
		{pwhash.Scrypt{LogN: 18, P: 5, Bounds: pwhash.Bounds{ScryptWork: 2 << 30}}, true},
		{pwhash.Scrypt{LogN: 19, Bounds: pwhash.Bounds{ScryptBytes: 512 << 20}}, true},
		{pwhash.Scrypt{Bounds: pwhash.Bounds{ScryptBytes: 1 << 41}}, false},
		{pwhash.PBKDF2{}, true},
		{pwhash.PBKDF2{Rounds: 599_999}, false},
		{pwhash.PBKDF2{Rounds: 10_000_001}, false},
		{pwhash.PBKDF2{Rounds: 10_000_001, Bounds: pwhash.Bounds{PBKDF2Rounds: 10_000_001}}, true},
		{pwhash.Argon2id{Bounds: pwhash.Bounds{BcryptCost: 32}}, false},
		{pwhash.Argon2id{KiB: 1 << 20, Passes: 1}, false},
		{pwhash.Argon2id{KiB: 1 << 20, Passes: 1, Bounds: pwhash.Bounds{Argon2KiB: 1 << 20}}, true},
		{cheapArgon2, true},
		{cheapScrypt, true},
		{cheapPBKDF2, true},
		{pwhash.Argon2id{KiB: 7, InsecureCosts: true}, false}, // under 8 blocks for a lane
	}
	for _, tt := range tests {
		err := tt.h.Validate()
		if (err == nil) != tt.ok {
			t.Errorf("%+v: %v", tt.h, err)
		}
		if hasher := tt.h.(pwhash.Hasher); !tt.ok {
			if h, hashErr := hasher.Hash(t.Context(), "x"); h != "" || hashErr == nil || hashErr.Error() != err.Error() {
				t.Errorf("%+v: Hash = %q, %v, want Validate's error", tt.h, string(h), hashErr)
			}
		}
	}
}

// H7, I8: no work begins for what is malformed or asks for too much.
func TestOtherSchemesRefused(t *testing.T) {
	end := "$" + salt16 + "$" + tag32
	tests := []struct{ hash, param string }{
		{"$scrypt$ln=30,r=8,p=1" + end, "N"},
		{"$scrypt$ln=19,r=8,p=1" + end, "N"},
		{"$scrypt$ln=64,r=8,p=1" + end, "N"},
		{"$scrypt$ln=4294967295,r=8,p=1" + end, "N"},
		{"$scrypt$ln=1,r=0,p=1" + end, "r"},
		{"$scrypt$ln=1,r=4294967295,p=1" + end, "r"},
		{"$scrypt$ln=14,r=8,p=0" + end, "p"},
		{"$scrypt$ln=14,r=8,p=17" + end, "p"},
		{"$scrypt$ln=18,r=8,p=5" + end, "N*r*p"},
		{"$scrypt$ln=4,r=1,p=1$$" + tag32, "salt"},
		{"$scrypt$ln=4,r=1,p=1$" + salt16 + "$AAAA", "tag"},
		{"$scrypt$ln=0,r=8,p=1" + end, ""},
		{"$scrypt$ln=-1,r=8,p=1" + end, ""},
		{"$scrypt$ln=04,r=8,p=1" + end, ""},
		{"$scrypt$r=8,ln=4,p=1" + end, ""},
		{"$scrypt$ln=4,r=8" + end, ""},
		{"$scrypt$ln=4,r=8,p=1,x=1" + end, ""},
		{"$scrypt$v=1$ln=4,r=8,p=1" + end, ""},
		{"$scrypt$ln=4,r=8,p=1" + end + "\n", ""},
		{"$scrypt$ln=4294967296,r=8,p=1" + end, ""},
		{"$pbkdf2-sha256$i=0" + end, "rounds"},
		{"$pbkdf2-sha256$i=10000001" + end, "rounds"},
		{"$pbkdf2-sha256$i=4294967295" + end, "rounds"},
		{"$pbkdf2-sha256$29000" + end, ""},        // of Passlib
		{"$pbkdf2-sha256$i=29000,l=32" + end, ""}, // of Kratos
		{"$pbkdf2-sha512$i=210000" + end, ""},
		{"$pbkdf2-sha256$i=1" + end + "=", ""},
		{"$pbkdf2-sha256$i=1,keyid=" + end, ""},
		{"$pbkdf2-sha256$i=1,keyid=a b" + end, ""},
		{"$pbkdf2-sha256$i=1,keyid=" + strings.Repeat("a", 33) + end, ""},
		{"$pbkdf2-sha256$keyid=a,i=1" + end, ""},
		{"$pbkdf2-sha256$i=1,keyid=a" + end, "tag"}, // too short for an encrypted one
		{"$argon2id$v=19$m=4194304,t=1,p=1" + end, "m"},
		{"$argon2id$v=19$m=256,t=0,p=1" + end, "t"},
		{"$2b$31$abcdefghijklmnopqrstuu8.veTXNDPV2eEsdpKNczMw2otgh5LnK", "cost"},
		{"$scrypt$ln=4,r=8,p=1$" + strings.Repeat("A", 1<<20) + "$" + tag32, "length"},
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, h := range []pwhash.Inspector{pwhash.Argon2id{}, pwhash.Scrypt{}, pwhash.PBKDF2{}} {
		for _, tt := range tests {
			_, verr := h.Verify(t.Context(), pwhash.Hash(tt.hash), known)
			_, ierr := h.Inspect(pwhash.Hash(tt.hash))
			for _, err := range []error{verr, ierr} {
				bounds, isBounds := errors.AsType[*pwhash.BoundsError](err)
				if tt.param == "" && !errors.Is(err, pwhash.ErrFormat) || tt.param != "" && (!isBounds || bounds.Param != tt.param) {
					t.Errorf("%.80s: %v, want a complaint about %q", tt.hash, err, tt.param)
				}
			}
		}
	}
	runtime.ReadMemStats(&after)
	if total := after.TotalAlloc - before.TotalAlloc; total > 4<<20 {
		t.Errorf("%d bytes were allocated to refuse them", total)
	}
}

func TestBoundsRaised(t *testing.T) {
	const cost16 = "$2b$16$abcdefghijklmnopqrstuu8.veTXNDPV2eEsdpKNczMw2otgh5LnK"
	h := pwhash.Argon2id{Bounds: pwhash.Bounds{BcryptCost: 16, Argon2KiB: 1 << 20, Argon2KiBPasses: 5 << 20, ScryptBytes: 1 << 30}}
	for _, stored := range []pwhash.Hash{
		cost16,
		"$argon2id$v=19$m=1048576,t=5,p=1$" + salt16 + "$" + tag32, // Dovecot's
		"$scrypt$ln=20,r=8,p=1$" + salt16 + "$" + tag32,
	} {
		if _, err := h.Inspect(stored); err != nil {
			t.Errorf("%q: %v", string(stored), err)
		}
		if _, err := (pwhash.Argon2id{}).Inspect(stored); err == nil {
			t.Errorf("%q is within the defaults", string(stored))
		}
	}
	h.Bounds = pwhash.Bounds{Argon2KiB: 63}
	if _, err := h.Verify(t.Context(), cheap(known), known); err != nil {
		t.Errorf("within lowered bounds: %v", err)
	}
	h.Bounds.Argon2KiB = 7
	if _, err := h.Verify(t.Context(), cheap(known), known); err == nil {
		t.Error("over lowered bounds, and verified")
	}
}

// The third vector of RFC 7914 §12, and for PBKDF2 the fifth of RFC 6070 with
// SHA-256, which OpenSSL and hashlib agree on.
func TestPublishedVectors(t *testing.T) {
	form := func(head, salt, tag string) pwhash.Hash {
		b, err := hex.DecodeString(tag)
		if err != nil {
			t.Fatal(err)
		}
		return pwhash.Hash(head + "$" + base64.RawStdEncoding.EncodeToString([]byte(salt)) + "$" + base64.RawStdEncoding.EncodeToString(b))
	}
	for _, tt := range []struct {
		hash     pwhash.Hash
		password string
	}{
		{form("$scrypt$ln=14,r=8,p=1", "SodiumChloride", "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"), "pleaseletmein"},
		{form("$pbkdf2-sha256$i=4096", "saltSALTsaltSALTsaltSALTsaltSALTsalt", "348c89dbcbd32b2f32d814b8116e84cf2b17347ebc1800181c4e2a1fb8dd53e1c635518c7dac47e9"), "passwordPASSWORDpassword"},
	} {
		for password, match := range map[string]bool{tt.password: true, tt.password + "x": false} {
			if v, err := (pwhash.Scrypt{}).Verify(t.Context(), tt.hash, password); err != nil || v.Match != match {
				t.Errorf("%q with %q: %+v, %v", string(tt.hash), password, v, err)
			}
		}
	}
}

// vectorLine is what is needed of a line of the vectors that package foreign keeps.
type vectorLine struct {
	Format, Password, Hash string
	Valid, Heavy, Optional bool
	PasswordHex            *string          `json:"password_hex"`
	Repeat                 *json.RawMessage `json:"password_repeat"`
	Pattern                *json.RawMessage `json:"hash_pattern"`
	SaltHex                *string          `json:"salt_hex"`
}

// Hashes of this package's formats, made by others.
func TestVectors(t *testing.T) {
	f, err := os.Open("foreign/testdata/hash-vectors.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	formats := regexp.MustCompile(`^(argon2id|bcrypt \$2[aby]\$|passlib \$scrypt\$)$`)
	dear := regexp.MustCompile(`\$2[aby]\$1|m=\d{6}|m=65536`)
	judged := map[string]int{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var v vectorLine
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		switch {
		case !formats.MatchString(v.Format), v.PasswordHex != nil, v.Repeat != nil, v.Pattern != nil, v.SaltHex != nil, v.Optional, v.Heavy:
			continue
		case dear.MatchString(v.Hash) && os.Getenv("PASSWD_TEST_LONG") == "":
			continue
		case v.Valid && strings.Contains(v.Hash, "scrypt$ln=") && judged[v.Format] > 1 && os.Getenv("PASSWD_TEST_LONG") == "":
			continue
		}
		got, err := pwhash.Argon2id{}.Verify(t.Context(), pwhash.Hash(v.Hash), v.Password)
		if got.Match != v.Valid && !(v.Valid && shortOf(err) != "") && len(v.Password) <= 72 {
			t.Errorf("%s, %q: %+v, %v, want a match: %t", v.Format, v.Hash, got, err, v.Valid)
		}
		judged[v.Format]++
	}
	if len(judged) < 4 {
		t.Errorf("judged: %v", judged)
	}
	t.Logf("judged: %v", judged)
}

// shortOf is what a hash has too little of to be taken.
func shortOf(err error) string {
	if bounds, ok := errors.AsType[*pwhash.BoundsError](err); ok && (bounds.Param == "salt" || bounds.Param == "tag") {
		return bounds.Param
	}
	return ""
}

// P4: upper case, white space and every byte count, in every format.
func TestEveryByteCounts(t *testing.T) {
	const password = " Analytical\tengine \u00e9 "
	for _, h := range []pwhash.Hasher{cheapArgon2, cheapScrypt, cheapPBKDF2} {
		stored, err := h.Hash(t.Context(), password)
		if err != nil {
			t.Fatal(err)
		}
		for i := range password {
			other := password[:i] + string(password[i]^1) + password[i+1:]
			if v, err := h.Verify(t.Context(), stored, other); err != nil || v.Match {
				t.Errorf("%T: %q verifies for %q: %v", h, other, password, err)
			}
		}
		for _, other := range []string{password[1:], password[:len(password)-1], password + "\x00", strings.ToLower(password), ""} {
			if v, err := h.Verify(t.Context(), stored, other); err != nil || v.Match {
				t.Errorf("%T: %q verifies for %q: %v", h, other, password, err)
			}
		}
	}
}

// FuzzInspect holds that no stored hash makes a parser panic, and that what one
// accepts has one spelling, is within the bounds and is judged the same by all.
func FuzzInspect(f *testing.F) {
	sealed, err := pwhash.Pepper{Current: pepperKey("k1")}.Rekey(cheap("x"))
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{
		"$scrypt$ln=4,r=1,p=1$" + salt16 + "$" + tag32,
		"$scrypt$ln=30,r=8,p=1$" + salt16 + "$" + tag32,
		"$pbkdf2-sha256$i=10$" + salt16 + "$" + tag32,
		"$argon2id$v=19$m=8,t=1,p=1$" + salt16 + "$" + tag32,
		"$2b$04$abcdefghijklmnopqrstuu8.veTXNDPV2eEsdpKNczMw2otgh5LnK",
		string(sealed), "", "$", "$$$", "$scrypt$", ",keyid=", strings.Repeat("$", 2000),
	} {
		f.Add(s)
	}
	hashers := []pwhash.Inspector{pwhash.Argon2id{}, pwhash.Scrypt{}, pwhash.PBKDF2{}}
	pepper := pwhash.Pepper{Current: pepperKey("k1")}
	f.Fuzz(func(t *testing.T, stored string) {
		again, work, err := pwhash.Parsed(stored)
		if err == nil && again != stored {
			t.Errorf("%q parses, and is written %q", stored, again)
		}
		if work > 1<<20 {
			t.Errorf("%q takes %d KiB of work", stored, work)
		}
		for _, h := range hashers {
			info, ierr := h.Inspect(pwhash.Hash(stored))
			if (err == nil) != (ierr == nil || errors.Is(ierr, pwhash.ErrPepperKey)) {
				t.Errorf("%q: %v, but %T says %v", stored, err, h, ierr)
			}
			if err == nil && info.Format == "" || info.Memory < 0 || info.Memory > 256<<20 {
				t.Errorf("%q: %+v", stored, info)
			}
		}
		keyed, rerr := pepper.Rekey(pwhash.Hash(stored))
		if rerr == nil {
			if info, err := (pwhash.Argon2id{Pepper: pepper}).Inspect(keyed); err == nil && info.KeyID != "k1" {
				t.Errorf("%q is keyed to %q: %+v", stored, string(keyed), info)
			}
		}
		if err == nil && work < 1<<10 && !strings.HasPrefix(stored, "$2") {
			if _, err := (pwhash.PBKDF2{}).Verify(context.Background(), pwhash.Hash(stored), "x"); err != nil && !errors.Is(err, pwhash.ErrPepperKey) {
				t.Errorf("%q: %v", stored, err)
			}
		}
	})
}

// cheapWith is cheap with a password of any form, and salt and tag as Argon2id
// makes them.
func cheapWith(password string) pwhash.Hash {
	tag := argon2.IDKey([]byte(password), []byte("0123456789abcdef"), 1, 64, 1, 32)
	return pwhash.Hash("$argon2id$v=19$m=64,t=1,p=1$" + salt16 + "$" + base64.RawStdEncoding.EncodeToString(tag))
}

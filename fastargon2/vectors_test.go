package fastargon2_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/fastargon2"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
)

// RFC 9106 §5, with a secret and associated data, for every kernel and the portable
// function.
func TestRFC9106(t *testing.T) {
	runs := fastargon2.Kernels()
	runs[fastargon2.Go] = fastargon2.FillGo
	for name, run := range runs {
		for variant, want := range map[uint32]string{
			fastargon2.VariantD:  "512b391b6f1162975371d30919734294f868e3be3984f3c1a13a4db9fabe4acb",
			fastargon2.VariantI:  "c814d9d1dc7f37aa13f0d77f2494bda1c8de6b016dd388d29952a4c4672b6ce8",
			fastargon2.VariantID: "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659",
		} {
			tag := fastargon2.NewWorker(nil, 32).Derive(run, fastargon2.Inputs{
				Variant: variant, Version: fastargon2.Version13,
				Password: bytes.Repeat([]byte{1}, 32), Salt: bytes.Repeat([]byte{2}, 16),
				Secret: bytes.Repeat([]byte{3}, 8), Data: bytes.Repeat([]byte{4}, 12),
				Passes: 3, Memory: 32, Lanes: 4, Length: 32,
			})
			if got := hex.EncodeToString(tag); got != want {
				t.Errorf("%v, variant %d: %s, want %s", name, variant, got, want)
			}
		}
	}
}

// A hasher with Key makes hashes that one without verifies, and the other way round;
// Calibrate measures what it is given.
func TestHasher(t *testing.T) {
	a := fastargon2.New(fastargon2.Config{})
	plain := pwhash.Argon2id{KiB: 64, Passes: 3, Lanes: 2, InsecureCosts: true}
	fast := plain
	fast.Key = a.Key
	for _, pair := range [][2]pwhash.Hasher{{plain, fast}, {fast, plain}, {fast, fast}} {
		stored, err := pair[0].Hash(t.Context(), string(staple))
		if err != nil {
			t.Fatal(err)
		}
		if v, err := pair[1].Verify(t.Context(), stored, string(staple)); err != nil || v != (pwhash.Verdict{Match: true}) {
			t.Errorf("right: %+v, %v", v, err)
		}
		if v, err := pair[1].Verify(t.Context(), stored, "wrong"); err != nil || v.Match {
			t.Errorf("wrong: %+v, %v", v, err)
		}
	}
	calls := 0
	best, took, err := pwhash.Calibrate(t.Context(), func(variant, version uint32, password, salt []byte, passes, kib uint32, lanes uint8, length uint32) ([]byte, error) {
		calls++
		return a.Key(variant, version, password, salt, passes, kib, lanes, length)
	}, 1, 19456)
	if err != nil || took <= 0 || calls != 5 || best.Key == nil {
		t.Errorf("Calibrate: %v, %v, %d calls", took, err, calls)
	}
}

// large is the memory of hashes that are for PASSWD_TEST_LONG.
var large = regexp.MustCompile(`m=\d{5}|memory\\+":\[\\+"\d{5}`)

// Every hash of Argon2 among the vectors of package foreign has its result, also
// those of Argon2d and version 16, which x/crypto cannot compute.
func TestVectors(t *testing.T) {
	f, err := os.Open("../pwhash/foreign/testdata/hash-vectors.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	long := os.Getenv("PASSWD_TEST_LONG") != ""
	matched, others := map[string]int{}, 0
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var v struct {
			Format, Password, Hash, Note string
			Valid, Heavy, Optional       bool
			PasswordHex                  *string             `json:"password_hex"`
			Repeat                       *[2]json.RawMessage `json:"password_repeat"`
			Pattern                      *json.RawMessage    `json:"hash_pattern"`
			Salt                         *string             `json:"salt_hex"`
		}
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		switch {
		case !strings.Contains(strings.ToLower(v.Format+v.Hash), "argon2"):
			continue
		case v.Salt != nil, v.Pattern != nil: // TestRFC9106, and what is no hash
			continue
		case v.Optional, !long && (v.Heavy || large.MatchString(v.Hash)):
			continue
		case strings.Contains(v.Note, "tag 4 bytes"): // which foreign does not accept
			continue
		}
		if v.PasswordHex != nil {
			b, err := hex.DecodeString(*v.PasswordHex)
			if err != nil {
				t.Fatal(err)
			}
			v.Password = string(b)
		}
		if v.Repeat != nil {
			var times int
			json.Unmarshal(v.Repeat[0], &v.Password)
			json.Unmarshal(v.Repeat[1], &times)
			v.Password = strings.Repeat(v.Password, times)
		}
		for _, name := range []fastargon2.Kernel{fastargon2.Go, fastargon2.AVX2, fastargon2.AVX512} {
			a := fastargon2.New(fastargon2.Config{Fastest: name})
			if a.Kernel() != name {
				continue
			}
			h := foreign.Hasher{
				Base: pwhash.Argon2id{Key: a.Key}, Bounds: pwhash.Bounds{Argon2KiB: 1 << 20, Argon2KiBPasses: 5 << 20},
				Accept: []foreign.Format{foreign.Argon2id, foreign.Argon2i, foreign.Argon2d, foreign.DjangoArgon2, foreign.SpringArgon2, foreign.LDAPArgon2, foreign.Keycloak},
			}
			got, err := h.Verify(t.Context(), pwhash.Hash(v.Hash), v.Password)
			if got.Match != v.Valid {
				t.Errorf("line %d (%s), %v: match is %t, want %t; %v", n, v.Format, name, got.Match, v.Valid, err)
			}
			if got.Match {
				matched[fmt.Sprint(v.Format, " ", name)]++
			} else {
				others++
			}
		}
	}
	if lines.Err() != nil || len(matched) == 0 || others == 0 {
		t.Errorf("%v; %v match, %d do not", lines.Err(), matched, others)
	}
	for _, format := range []string{"argon2d", "argon2d v16", "argon2i v16", "argon2id v16", "argon2id", "argon2i"} {
		if matched[format+" "+fastargon2.New(fastargon2.Config{}).Kernel().String()] == 0 {
			t.Errorf("no vector of %s matched", format)
		}
	}
	t.Logf("%v match, %d do not", matched, others)
}

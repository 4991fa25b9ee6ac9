package foreign_test

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
)

// vector is a line of testdata/hash-vectors.jsonl.
type vector struct {
	Format      string
	Password    string
	Hash        string
	Valid       bool
	Why         string
	Note        string
	Source      string
	Pepper      string
	PasswordHex *string             `json:"password_hex"`
	Repeat      *[2]json.RawMessage `json:"password_repeat"` // text and how often
	Pattern     *[4]json.RawMessage `json:"hash_pattern"`    // before, text and how often, after
	SaltHex     *string             `json:"salt_hex"`        // of a bare tag, which no one stores
	Heavy       bool
	Optional    bool
}

func vectors(tb testing.TB) []vector {
	f, err := os.Open("testdata/hash-vectors.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var all []vector
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			tb.Fatal(err)
		}
		if v.PasswordHex != nil {
			b, err := hex.DecodeString(*v.PasswordHex)
			if err != nil {
				tb.Fatal(err)
			}
			v.Password = string(b)
		}
		if v.Repeat != nil {
			v.Password = repeated(tb, v.Repeat[0], v.Repeat[1])
		}
		if v.Pattern != nil {
			v.Hash = text(tb, v.Pattern[0]) + repeated(tb, v.Pattern[1], v.Pattern[2]) + text(tb, v.Pattern[3])
		}
		all = append(all, v)
	}
	if len(all) < 500 {
		tb.Fatalf("%d vectors only", len(all))
	}
	return all
}

func text(tb testing.TB, raw json.RawMessage) (s string) {
	if err := json.Unmarshal(raw, &s); err != nil {
		tb.Fatal(err)
	}
	return s
}

func repeated(tb testing.TB, raw, times json.RawMessage) string {
	var n int
	if err := json.Unmarshal(times, &n); err != nil {
		tb.Fatal(err)
	}
	return strings.Repeat(text(tb, raw), n)
}

// hasherFor accepts everything, so that no vector passes because nobody tried,
// except that the syntax of bcrypt has the meaning that the vector is about.
func hasherFor(v vector) foreign.Hasher {
	h := foreign.Hasher{Accept: foreign.Formats()}
	drop := []foreign.Format{foreign.Devise, foreign.Meteor, foreign.FlaskSecurity}
	for prefix, f := range map[string]foreign.Format{
		"devise": foreign.Devise, "meteor": foreign.Meteor, "flask-security": foreign.FlaskSecurity,
	} {
		if strings.HasPrefix(v.Format, prefix) {
			drop = slices.DeleteFunc(append(drop, foreign.Bcrypt), func(d foreign.Format) bool { return d == f })
		}
	}
	h.Accept = slices.DeleteFunc(h.Accept, func(f foreign.Format) bool { return slices.Contains(drop, f) })
	h.DevisePepper, h.FlaskSecuritySalt = v.Pepper, v.Pepper
	if v.Heavy {
		h.Bounds = pwhash.Bounds{Argon2KiB: 1 << 20, Argon2KiBPasses: 5 << 20}
	}
	return h
}

// exception says why a vector does not have its stated result, or is "".
func exception(v vector) string {
	switch {
	case v.SaltHex != nil:
		return "a bare tag with a secret and associated data: nobody stores that"
	case strings.HasPrefix(v.Format, "argon2d"), strings.Contains(v.Hash, "$argon2d$"):
		return "Argon2d: x/crypto does not have it"
	case strings.Contains(v.Hash, "$v=16$"), strings.Contains(v.Hash, "$argon2i$m="):
		return "version 16 of Argon2: x/crypto does not have it"
	case strings.HasPrefix(v.Hash, "$y$"), strings.HasPrefix(v.Hash, "$gy$"):
		return "yescrypt: no Go implementation to rely on"
	case strings.HasPrefix(v.Hash, "$md5,"), strings.HasPrefix(v.Format, "sunmd5"):
		return "Sun MD5: obsolete"
	case v.Format == "descrypt":
		return "DES: eight characters of the password, and the standard library's cannot be salted"
	case strings.Contains(v.Note, "tag 4 bytes"):
		return "a tag under 16 bytes"
	case strings.Contains(v.Note, "counter-measure differs") && v.PasswordHex != nil:
		return "not UTF-8, which no password is; only such input meets the counter-measure"
	}
	return ""
}

// Of slow formats one vector is enough for every day; dear ones are for
// PASSWD_TEST_LONG, as the race detector makes seconds of them.
var (
	slow = regexp.MustCompile(`scrypt|m=(65536|47104)|hashIterations|^[0-9a-f]{32}:|pbkdf2`)
	dear = regexp.MustCompile(`\$2[aby]\$1|^\$7\$|m=102400|m=65536,t=3|rounds=\d{6}|^{scrypt@`)
)

// Without PASSWD_TEST_LONG, only some vectors of each format that take work.
func TestVectors(t *testing.T) {
	long := os.Getenv("PASSWD_TEST_LONG") != ""
	matched, refused, mismatched, excepted := 0, 0, 0, map[string]int{}
	worked := map[string]int{}
	for i, v := range vectors(t) {
		if f := foreign.Detect(pwhash.Hash(v.Hash)); len(f) > 0 && !long {
			kind, most := v.Format, 3
			if slow.MatchString(v.Hash) {
				kind, most = string(f[0]), 1
			}
			if worked[kind]++; worked[kind] > most || v.Heavy || dear.MatchString(v.Hash) {
				continue
			}
		}
		got, err := hasherFor(v).Verify(t.Context(), pwhash.Hash(v.Hash), v.Password)
		var bounds *pwhash.BoundsError
		if err != nil && !errors.Is(err, pwhash.ErrFormat) && !errors.As(err, &bounds) {
			t.Errorf("line %d (%s): %v", i+1, v.Format, err)
		}
		switch why := exception(v); {
		case v.Valid && why != "":
			if got.Match {
				t.Errorf("line %d (%s) matches, although %s", i+1, v.Format, why)
			}
			excepted[why]++
		case got.Match != v.Valid && v.Optional:
			t.Logf("line %d (%s): match is %t; the other answer is right too: %s %s", i+1, v.Format, got.Match, v.Note, v.Why)
		case got.Match != v.Valid:
			t.Errorf("line %d (%s, %q): match is %t, want %t; %s %s", i+1, v.Format, v.Password, got.Match, v.Valid, v.Note, v.Why)
		case got.Match:
			matched++
		case err != nil:
			refused++
		default:
			mismatched++
		}
	}
	t.Logf("%d match, %d do not, %d are refused", matched, mismatched, refused)
	for why, n := range excepted {
		t.Logf("%d are not verified: %s", n, why)
	}
}

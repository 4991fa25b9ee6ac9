package foreign_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
)

// stackRow is a line of testdata/stacks.jsonl, which stacks.php, stacks.mjs and stacks.py
// beside it have made.
type stackRow struct {
	Format         foreign.Format
	Hash, Password string
	Secret         string
}

func stackRows(tb testing.TB) []stackRow {
	f, err := os.Open("testdata/stacks.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var all []stackRow
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r stackRow
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			tb.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// Each row verifies as its format and with its password alone, and is wrapped and
// verified again if that is possible.
func TestStacks(t *testing.T) {
	seen := map[foreign.Format]bool{}
	for _, r := range stackRows(t) {
		seen[r.Format] = true
		h := everything()
		h.Accept, h.SchemeSecret = []foreign.Format{r.Format}, r.Secret
		if err := h.Validate(); err != nil {
			t.Errorf("%s: %v", r.Format, err)
			continue
		}
		stored := pwhash.Hash(r.Hash)
		if v, err := h.Verify(t.Context(), stored, r.Password); err != nil || v != (pwhash.Verdict{Match: true, Stale: true}) {
			t.Errorf("%s %q: %+v, %v, want a stale match", r.Format, r.Hash, v, err)
		}
		if v, err := h.Verify(t.Context(), stored, r.Password+"x"); err != nil || v.Match {
			t.Errorf("%s %q, wrong password: %+v, %v", r.Format, r.Hash, v, err)
		}
		if detected := foreign.Detect(stored); !slices.Contains(detected, r.Format) && !strings.Contains(string(r.Format), " = ") {
			t.Errorf("%s: Detect = %q", r.Format, detected)
		}
		if info, err := h.Inspect(stored); err != nil || info.Format != string(r.Format) && !(strings.HasPrefix(r.Hash, "$argon2id$v=19$m=") && info.Format == "argon2id") { // which Base reads
			t.Errorf("%s: Inspect = %+v, %v", r.Format, info, err)
		}

		if lines := strings.Join(foreign.Lines(r.Format), ""); strings.Contains(lines, "pbkdf2") || strings.Contains(lines, "scrypt") {
			if !testrun.Long() {
				continue // slow enough: nobody would wrap it
			}
		}
		h.Base = passwdtest.Hasher{}
		wrapper, err := foreign.NewWrapper(t.Context(), h, r.Format, foreign.Probe{Stored: stored, Password: r.Password})
		if err != nil {
			t.Errorf("%s: NewWrapper: %v", r.Format, err)
			continue
		}
		w, err := wrapper.Wrap(t.Context(), stored)
		if errors.Is(err, pwhash.ErrFormat) {
			continue
		}
		h.Accept = []foreign.Format{foreign.Wrapped}
		if v, verifyErr := h.Verify(t.Context(), w, r.Password); err != nil || verifyErr != nil || !v.Match || !v.Stale {
			t.Errorf("%s, wrapped: %v, %+v, %v", r.Format, err, v, verifyErr)
		}
		if v, err := h.Verify(t.Context(), w, r.Password+"x"); err != nil || v.Match {
			t.Errorf("%s, wrapped, wrong password: %+v, %v", r.Format, v, err)
		}
	}
	for _, f := range foreign.Formats() {
		for _, line := range foreign.Lines(f) {
			if err := (foreign.Hasher{Accept: []foreign.Format{foreign.Format(line)}, SchemeSecret: "s"}).Validate(); err != nil {
				t.Errorf("%s: %v", f, err)
			}
		}
		if len(foreign.Lines(f)) > 0 && !seen[f] {
			t.Errorf("%s has no row", f)
		}
	}
}

// Vectors that the projects publish in their own tests and documents: they hold the rows above, which
// follow the projects' code, to the projects.
func TestPublished(t *testing.T) {
	for _, tt := range []struct {
		format           foreign.Format
		stored, password string
	}{
		{foreign.Shiro, "$shiro2$argon2id$v=19$m=4096,t=3,p=4$MTIzNDU2Nzg5MDEyMzQ1Ng$bjcHqfb0LPHyS13eVaNcBga9LF12I3k34H5ULt2gyoI", "secret#shiro,password;Jo8opech"},
		{foreign.MediaWiki, ":argon2:$argon2i$v=19$m=1024,t=2,p=2$RHpGTXJPeFlSV2NDTEswNA$VeW7rumZY4pL8XO4KeQkKD43r5uX3eazVJRtrFN7lNc", "password"},
		{foreign.MediaWiki, ":argon2:$argon2i$v=19$m=2048,t=5,p=3$MHFKSnh6WWZEWkpKa09SUQ$vU92h/8hkByL5VKW1P9amCj054pZILGKznAvKWAivZE", "password"},
		{foreign.Mattermost, "$pbkdf2$f=SHA256,w=600000,l=32$2H1h37Jzrfgk/ZZxlkosvA$lkERvYQfFUbBycl1MnNSkk4wu+SyoC35oek0zGow8dk", "hunter2"},
		{foreign.Firebase, "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==", "user1password"},
		{foreign.PasslibP5K2, "$p5k2$2710$.pPqsEwHD7MiECU0$b8TQ5AMQemtlaSgegw5Je.JBE3QQhLbO", "password"},
		{foreign.PasslibP5K2, "$p5k2$2710$oX9ZZOcNgYoAsYL-8bqxKg==$AU2JLf2rNxWoZxWxRCluY0u6h6c=", "password"},
		{foreign.FSHP, "{FSHP0|0|1}qUqP5cyxm6YcTAhz05Hph5gvu9M=", "test"},
		{foreign.InsecureNTLM, "8846f7eaee8fb117ad06bdd830b7586c", "password"},
	} {
		h := foreign.Hasher{Accept: []foreign.Format{tt.format}}
		for password, match := range map[string]bool{tt.password: true, tt.password + "x": false} {
			if v, err := h.Verify(t.Context(), pwhash.Hash(tt.stored), password); err != nil || v.Match != match {
				t.Errorf("%s %q: %+v, %v, want a match: %t", tt.format, tt.stored, v, err, match)
			}
		}
	}
}

func TestSchemeErrors(t *testing.T) {
	tests := map[foreign.Format]string{
		"hash:salt = md5(pw":                             "is not closed",
		"hash:salt = md5(pw)":                            "salt is stored and not used",
		"hash = md5(pw + salt)":                          "salt is used and not stored",
		"hash = md5('x')":                                "the password is not used",
		"salt = md5(pw + salt)":                          "there is no hash",
		"hash:hash = md5(pw)":                            "twice",
		"salthash = md5(pw + salt)":                      "there is no hash",
		"salt[3]hash = md5(pw)":                          "salt is stored and not used",
		"salt[0]hash = md5(pw + salt)":                   "width",
		"hash = whirlpool(pw)":                           "whirlpool is no function",
		"hash = md5(pw, pw)":                             "takes 1 arguments",
		"hash = md5(name)":                               "name is no value",
		"hash = pw":                                      "outermost",
		"hash = raw(md5(pw))":                            "outermost",
		"hash = md5(pw) + md5(pw)":                       "outermost",
		"hash = md5(bcrypt(pw))":                         "can only be outermost",
		"hash = md5(last + pw)":                          "only in repeat",
		"hash = repeat(3, md5(pw))":                      "repeats nothing",
		"hash = repeat(0, md5(last + pw))":               "must be a number",
		"hash = repeat(2, repeat(2, md5(last + pw)))":    "repeat in repeat",
		"hash = repeat(2, pbkdf2_sha1(last, pw, 1, 20))": "cannot be in repeat",
		"hash = left(sha256(pw), 8)":                     "fewer than 16",
		"hash = left(md5(pw), 40)":                       "more than there is",
		"hash = pbkdf2_sha1(pw, 'x', 1000, 8)":           "fewer than 16 bytes",
		"hash = pbkdf2_sha1(pw, 'x', 1000, 9999)":        "more than 1024 bytes",
		"hash = pbkdf2_sha1(pw, 'x', pw, 20)":            "must be a number",
		"hash = md5(unhex(pw))":                          "depends on the password",
		"hash = md5('pw)":                                "quote",
		"hash = md5(pw) md5(pw)":                         "nothing can follow",
		"hash = md5(pw + )":                              "a value is missing",
		foreign.Format("hash = md5(pw + '" + strings.Repeat("x", 600) + "')"): "over 512 bytes",
		foreign.Format("hash = " + strings.Repeat("md5(", 20) + "pw"):         "in each other",
	}
	for line, want := range tests {
		err := foreign.Hasher{Accept: []foreign.Format{line}}.Validate()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
	if err := (foreign.Hasher{Accept: []foreign.Format{"hash = md5(secret + pw)"}}).Validate(); err == nil {
		t.Error("a scheme with a secret, and none is configured: no error")
	}
}

// I8: what a row asks for is bounded in schemes too.
func TestSchemeBounds(t *testing.T) {
	tests := []struct {
		line   foreign.Format
		stored string
		param  string
	}{
		{"hash:rounds = pbkdf2_sha256(pw, 'salt', rounds, 32)", strings.Repeat("0", 64) + ":10000001", "rounds"},
		{"hash:rounds = repeat(rounds, md5(last + pw))", strings.Repeat("0", 32) + ":5000001", "rounds"},
		{"hash = repeat(5000001, md5(last + pw))", strings.Repeat("0", 32), "rounds"},
		{"hash = scrypt(pw, 'salt', 1048576, 8, 1, 32)", strings.Repeat("0", 64), "N"},
		{"hash = argon2id(pw, 'saltsalt', 262145, 1, 1, 32)", strings.Repeat("0", 64), "m"},
		{"hash = bcrypt(md5(pw))", "$2b$16$" + strings.Repeat(".", 53), "cost"},
	}
	for _, tt := range tests {
		h := foreign.Hasher{Accept: []foreign.Format{tt.line}}
		_, err := h.Verify(t.Context(), pwhash.Hash(tt.stored), staple)
		if bounds, ok := errors.AsType[*pwhash.BoundsError](err); !ok || bounds.Param != tt.param {
			t.Errorf("%s: %v, want a BoundsError of %s", tt.line, err, tt.param)
		}
	}
	for line, stored := range map[foreign.Format]string{
		"hash:salt = md5(pw + unhex(salt))":                   strings.Repeat("0", 32) + ":xyz",
		"hash:rounds = pbkdf2_sha256(pw, 'salt', rounds, 32)": strings.Repeat("0", 64) + ":010",
		"hash:salt = md5(pw + salt)":                          strings.Repeat("0", 32) + ":",
		"salt[4]hash = md5(pw + salt)":                        "abc",
	} {
		h := foreign.Hasher{Accept: []foreign.Format{line}}
		if v, err := h.Verify(t.Context(), pwhash.Hash(stored), staple); v.Match || !errors.Is(err, pwhash.ErrFormat) {
			t.Errorf("%s: %+v, %v, want ErrFormat", line, v, err)
		}
	}
	if !testrun.Long() {
		return
	}
	// A digest over and over of a password that nobody types is given up, after a gigabyte.
	h := foreign.Hasher{Accept: []foreign.Format{"hash = repeat(5000000, md5(last + pw))"}}
	if v, err := h.Verify(t.Context(), pwhash.Hash(strings.Repeat("0", 32)), strings.Repeat("x", 4096)); v.Match || err != nil {
		t.Errorf("long password: %+v, %v", v, err)
	}
}

func TestJoin(t *testing.T) {
	columns := map[string]string{"hash": strings.Repeat("a", 32), "salt": "s:1", "user": "Jane"}
	tests := []struct {
		f    foreign.Format
		want string
	}{
		{foreign.MyBB, columns["hash"] + ":s:1"},
		{foreign.SMF, columns["hash"] + ":Jane"},
		{"salt:hash = md5(salt + pw)", "s:1:" + columns["hash"]},
		{"salt[2]hash = md5(salt + pw)", ""},
		{foreign.Bcrypt, ""},
		{"hash:rounds = repeat(rounds, md5(last + pw))", ""},
	}
	for _, tt := range tests {
		got, err := foreign.Join(tt.f, columns)
		if string(got) != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: %q, %v, want %q", tt.f, string(got), err, tt.want)
		}
	}
}

// FuzzScheme holds that no line panics, and that one which is accepted verifies nothing that it
// should not.
func FuzzScheme(f *testing.F) {
	for _, r := range stackRows(f) {
		for _, line := range append(foreign.Lines(r.Format), string(r.Format)) {
			f.Add(line, r.Hash, r.Password)
		}
	}
	f.Fuzz(func(t *testing.T, line, stored, password string) {
		if !strings.Contains(line, " = ") {
			return
		}
		h := foreign.Hasher{Base: blank{}, Accept: []foreign.Format{foreign.Format(line)}, SchemeSecret: "secret", Bounds: pwhash.Bounds{
			Argon2KiB: 64, Argon2Passes: 2, Argon2Lanes: 2, BcryptCost: 4, ScryptBytes: 16 << 10, ScryptParallel: 2,
			PBKDF2Rounds: 100, CryptRounds: 1000, PhpassLog2: 7,
		}}
		if h.Validate() != nil {
			return
		}
		v, err := h.Verify(t.Context(), pwhash.Hash(stored), password)
		if err != nil && (v != pwhash.Verdict{} || !errors.Is(err, pwhash.ErrFormat) && !outOfBounds(err)) {
			t.Errorf("Verify = %+v, %v", v, err)
		}
		if v.Match && len(password) < 4000 {
			if again, err := h.Verify(t.Context(), pwhash.Hash(stored), password+"\u0001x"); err != nil || again.Match && !strings.Contains(line, "crypt(") {
				t.Errorf("%q verifies %q and something else: %v", line, stored, err)
			}
		}
	})
}

package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/pwhash/foreign"
)

const (
	django  = "pbkdf2_sha256$20000$6mx97pzuGZHC$nVqTepJ6N5RVMcxy22JdCO6r/t1LY3q0+EejcEsYlmM="
	staple  = "correct horse battery staple"
	md5Hex  = "9cc2ae8a1ba7a93da39b46fc1019c481" // of staple
	phpass  = "$P$BaebFQa.H9SqWBRDWCWt6u6sA5qtgi1"
	bcrypt5 = "$2b$05$lGr/AyYH8M4/WC4ZUTs2vu0XyP5nhAjDcR7qEtCZUq/O4uQQc8rZ6"
)

func TestProbe(t *testing.T) {
	joomla := "b5ae6a3d0b7ae2ec0e3c8a8c5d8e5c5f"
	tests := []struct {
		row    map[string]any
		result string
		format string
		code   int
	}{
		{map[string]any{"hash": django, "password": staple}, "match", "django_pbkdf2", 0},
		{map[string]any{"hash": django, "password": staple, "format": "DjangoPBKDF2"}, "match", "django_pbkdf2", 0},
		{map[string]any{"hash": django, "password": "wrong"}, "mismatch", "", 0},
		{map[string]any{"hash": django, "password": "wrong", "format": "django_pbkdf2"}, "mismatch", "django_pbkdf2", 1},
		{map[string]any{"hash": django, "password": staple, "format": "werkzeug"}, "error", "werkzeug", 1},
		{map[string]any{"hash": django, "password": staple, "format": "no such"}, "error", "", 1},
		{map[string]any{"hash": django + "\n", "password": staple, "format": "django_pbkdf2"}, "error", "django_pbkdf2", 1},
		{map[string]any{"hash": md5Hex, "password": staple, "format": "hash = md5(pw)"}, "match", "hash = md5(pw)", 0},
		{map[string]any{"hash": md5Hex, "password": staple, "format": "hash = md5(pw"}, "error", "", 1},
		{map[string]any{"hash": md5Hex, "password": staple}, "match", "insecure_md5", 0},
		{map[string]any{"hash": joomla, "password": staple, "salt": "x"}, "mismatch", "", 0},
		{map[string]any{"hash": bcrypt5, "password": staple, "format": "bcrypt"}, "match", "bcrypt", 0},
		{map[string]any{"hash": bcrypt5, "password": staple, "format": "meteor"}, "mismatch", "meteor", 1},
		{map[string]any{"hash": "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAA", "password": staple, "format": "meteor_argon2"}, "mismatch", "meteor_argon2", 1},
		{map[string]any{"hash": "$y$j9T$Z857iemB1AZFZiN8pnu6S.$cmN4d/Y9nDAqtG2Wfdlou/8juR2rHf2Ps.0sklxh9S8", "password": staple}, "match", "yescrypt", 0},
		{map[string]any{"hash": "$y$j9T$Z857iemB1AZFZiN8pnu6S.$cmN4d/Y9nDAqtG2Wfdlou/8juR2rHf2Ps.0sklxh9S8", "password": staple, "format": "yescrypt"}, "match", "yescrypt", 0},
		{map[string]any{"hash": "3d0063d8b537753b20e0294542210d39b9529e5a", "password": "correct horse", "format": "smf", "user": "Ada"}, "match", "smf", 0},
		{map[string]any{"hash": "3d0063d8b537753b20e0294542210d39b9529e5a", "password": "correct horse", "user": "Ada"}, "match", "smf", 0},
		{map[string]any{"hash": "/7QvBVcbRLDbzj/gzAUe00wKoWQ=", "password": "correct horse", "salt": "AAECAwQFBgcICQoLDA0ODw==", "format": "aspnet_membership"}, "match", "aspnet_membership", 0},
		{map[string]any{"hash": "63bc0bbdcd7fb9bb2dc4ad2e9a9da0a4b0ac8a9e", "password": "x", "secret": "s", "format": "cakephp2"}, "mismatch", "cakephp2", 1},
		{map[string]any{"hash": "63bc0bbdcd7fb9bb2dc4ad2e9a9da0a4b0ac8a9e", "password": "x", "format": "cakephp2"}, "error", "cakephp2", 1},
		{map[string]any{"hash": map[string]any{"passwordHash": "lSrfV15cpx95_sZS2W9c9Kp6i_LVgQNDNC_qzrCnh1SAyZvqmZqAjTdn3aoItz-VHjoZilo78198JAdRuid5lQ==", "salt": "42xEC-ixf3L2lw=="},
			"firebase": map[string]any{"signer_key": "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==", "salt_separator": "Bw==", "rounds": 8, "mem_cost": 14},
			"password": "user1password", "format": "firebase_export"}, "match", "firebase_export", 0},
		{map[string]any{"hash": django, "format": "django_pbkdf2"}, "error", "django_pbkdf2", 1},
		{map[string]any{"password": staple}, "error", "", 0},
	}
	for _, tt := range tests {
		code, out, errs := ctl(t, "hashes", "probe", "--json", lines(t, tt.row))
		p := decode[probed](t, out)
		if code != tt.code || p.Result != tt.result || p.Format != tt.format {
			t.Errorf("%v: exit %d, %s of %q (%s), want %d, %s of %q; %s", tt.row, code, p.Result, p.Format, p.Error, tt.code, tt.result, tt.format, errs)
		}
		if password, _ := tt.row["password"].(string); len(password) > 5 && strings.Contains(out+errs, password) {
			t.Errorf("%v: the password is in the output: %s %s", tt.row, out, errs)
		}
	}
	code, out, _ := ctl(t, "hashes", "probe", "--json", lines(t, map[string]any{"hash": "a2d99fc6e60c0b4b3bd5a8a8f5f9b9ba", "password": "x"}, map[string]any{"hash": django, "password": staple, "format": "django_pbkdf2"}))
	if code != 0 || strings.Count(out, "\n") != 2 {
		t.Errorf("a row without a format that does not match: exit %d, %s", code, out)
	}
	if code, _, errs := ctl(t, "hashes", "probe", file(t, "x.jsonl", "{\n")); code != exitFound || !strings.Contains(errs, "do not match") {
		t.Errorf("no JSON: exit %d, %s", code, errs)
	}
	if code, _, _ := ctl(t, "hashes", "probe", "/no/such/file"); code != exitUsage {
		t.Errorf("no file: exit %d", code)
	}
	if code, _, _ := ctl(t, "hashes", "probe"); code != exitUsage {
		t.Errorf("no argument: exit %d", code)
	}
}

// A password whose stack ran in ISO 8859-1 matches, and the answer says what it takes.
func TestProbeLatin1(t *testing.T) {
	_, out, _ := ctl(t, "hashes", "probe", "--json", lines(t, map[string]any{"hash": "ffe1279f72b07bb67a4f98840ec659bfef3610810a3c54faced3a14c45b1cdf7", "password": "Gr\u00fc\u00dfe", "format": "hash = sha256(pw)"}))
	if p := decode[probed](t, out); p.Result != "match" || p.Needs != "latin1" {
		t.Errorf("%+v", p)
	}
}

// What the exports of web stacks have: the command is what an operator would run.
func TestProbeExports(t *testing.T) {
	testrun.NeedLong(t) // package foreign verifies the same rows every day
	code, out, errs := ctl(t, "hashes", "probe", "../../pwhash/foreign/testdata/hash-exports.jsonl")
	if code != 0 {
		t.Errorf("exit %d: %s\n%s", code, errs, out)
	}
}

func TestInspectFile(t *testing.T) {
	csv := "id,email,password,salt\n1,a@example.com," + django + ",\n2,b@example.com," + md5Hex + ",\n3,c@example.com,,\n4,d@example.com,!x,\n5,e@example.com,$2b$31$" +
		strings.Repeat(".", 53) + ",\n6,f@example.com,\"" + django + " \",\n7,short\n"
	code, out, errs := ctl(t, "hashes", "inspect", "--json", file(t, "users.csv", csv))
	got := decode[census](t, out)
	if code != exitFound || got.Rows != 6 || got.Empty != 1 || got.Ambiguous != 1 || got.Hopeless != 3 || got.Broken != 1 {
		t.Errorf("exit %d, %+v; %s", code, got, errs)
	}
	problems := map[string]bool{}
	for _, k := range got.Kinds {
		problems[k.Problem] = true
	}
	for _, want := range []string{"", "stored hash is the mark of an account without a password", "cost is 31, over the bound of 15", "stored hash has white space around it"} {
		if !problems[want] {
			t.Errorf("no problem %q in %v", want, problems)
		}
	}
	code, out, _ = ctl(t, "hashes", "inspect", file(t, "users.csv", "name,pw\nada,"+bcrypt5+"\n"), "--hash-column", "pw", "--format", "bcrypt")
	if code != 0 || !strings.Contains(out, "cost=5") || !strings.Contains(out, "1 rows") {
		t.Errorf("exit %d, %s", code, out)
	}
}

// The exports of other systems are told apart and read row by row.
func TestSources(t *testing.T) {
	kc := `{"realm":"app","other":{"users":[1]},"users":[{"id":"u1","username":"ada","credentials":[{"type":"otp"},{"type":"password","credentialData":"{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\"}","secretData":"{\"value\":\"qnA427fe69fAjkevcHZvnm7vp3MewnxKL4g2WLfI7U6teQVH1eR2L5DfcV0psPIfjGPtlZbkpnogYX+2TaSl6w==\",\"salt\":\"AAECAwQFBgcICQoLDA0ODw==\"}"}]}]}`
	tests := []struct{ name, content, format string }{
		{"a.csv", "\ufeffid,hash\n1," + django + "\n", "django_pbkdf2"},
		{"a.tsv", "id\thash\n1\t" + django + "\n", "django_pbkdf2"},
		{"a.ndjson", `{"_id":{"$oid":"1"},"email":"a@example.com","passwordHash":"` + bcrypt5 + `"}` + "\n", "bcrypt"},
		{"firebase.json", `{"users":[{"localId":"x","email":"a@example.com","passwordHash":"lSrfV15cpx95_sZS2W9c9Kp6i_LVgQNDNC_qzrCnh1SAyZvqmZqAjTdn3aoItz-VHjoZilo78198JAdRuid5lQ==","salt":"42xEC-ixf3L2lw=="}]}`, "firebase_export"},
		{"realm.json", kc, "keycloak"},
		{"fixture.json", `[{"model":"auth.group","pk":1,"fields":{"name":"x"}},{"model":"auth.user","pk":7,"fields":{"username":"ada","password":"` + django + `"}}]`, "django_pbkdf2"},
		{"list.json", `[{"id":1,"password":"` + django + `"}]`, "django_pbkdf2"},
		{"users.htpasswd", "ada:$apr1$tvrGpMJL$8OMK08pv7NT0Eyp0G8FTO1\n# x\n", "md5_crypt"},
		{"dump.ldif", "dn: uid=ada,dc=x\nuid: ada\nuserPassword:: e1NTSEF9UklHWlc1bTZRMDZadVNPajBiRy9HaTVST1Rx\n d2xuSk8=\n\n", "ldap_salted"},
	}
	for _, tt := range tests {
		_, out, errs := ctl(t, "hashes", "inspect", "--json", file(t, tt.name, tt.content))
		got := decode[census](t, out)
		if got.Rows != 1 || len(got.Kinds) != 1 || len(got.Kinds[0].Formats) == 0 || got.Kinds[0].Formats[0] != tt.format {
			t.Errorf("%s: %+v; %s", tt.name, got, errs)
		}
	}
	for _, bad := range []string{"", "{", `{"realm":1}`, `{"users":{}}`, "[1]", "id,\"x\n"} {
		for _, kind := range kinds {
			code, _, _ := ctl(t, "hashes", "inspect", "--input", kind, file(t, "bad", bad))
			if code == exitFailed {
				t.Errorf("%s %q: exit %d", kind, bad, code)
			}
		}
	}
}

func TestFormatsAreListed(t *testing.T) {
	code, out, _ := ctl(t, "hashes", "formats")
	for _, f := range foreign.Formats() {
		if !strings.Contains(out, string(f)) {
			t.Errorf("%s is not listed", f)
		}
		if got, err := formatNamed(strings.ToUpper(strings.ReplaceAll(string(f), "_", "-"))); err != nil || got != f {
			t.Errorf("%s: %q, %v", f, got, err)
		}
	}
	if code != 0 {
		t.Errorf("exit %d", code)
	}
}

// No password and no connection string with one is taken as an argument.
func TestNoSecretArguments(t *testing.T) {
	for _, dsn := range []string{"postgres://app:hunter2@127.0.0.1/app", "app:hunter2@tcp(127.0.0.1:3306)/app"} {
		code, out, errs := ctl(t, "verify", "--dsn", dsn)
		if code != exitUsage || !strings.Contains(errs, "PASSWDCTL_DSN") || strings.Contains(out+errs, "hunter2") {
			t.Errorf("exit %d, %s", code, errs)
		}
		code, out, errs = ctl(t, "hashes", "inspect", dsn)
		if code != exitUsage || strings.Contains(out+errs, "hunter2") {
			t.Errorf("inspect: exit %d, %s", code, errs)
		}
	}
	var names []string
	for _, c := range newRoot().Commands() {
		for _, sub := range append(c.Commands(), c) {
			names = append(names, sub.Name())
			if sub.Example == "" && !sub.HasSubCommands() && sub.Name() != "formats" && sub.Name() != "help" && sub.Name() != "completion" {
				t.Errorf("%s has no example", sub.CommandPath())
			}
			if sub.Flags().Lookup("password") != nil {
				t.Errorf("%s takes a password", sub.CommandPath())
			}
		}
	}
	for _, want := range []string{"inspect", "probe", "import", "wrap", "migrate", "verify", "require-change", "suspend", "temporary", "revoke", "forget", "purge", "queue", "calibrate"} {
		if !strings.Contains(fmt.Sprint(names), want) {
			t.Errorf("no command %s", want)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if code, out, _ := ctl(t, "completion", shell); code != 0 || len(out) < 1000 {
			t.Errorf("completion %s: exit %d, %d bytes", shell, code, len(out))
		}
	}
	if _, out, _ := ctl(t, "__complete", "wrap", "--format", ""); !strings.Contains(out, "mybb") {
		t.Errorf("--format is not completed: %s", out)
	}
}

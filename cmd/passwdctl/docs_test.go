package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwhash/foreign"
)

// chapter is one of docs/migrating.md that has commands.
type chapter struct {
	title    string
	config   map[string]any
	commands []string
}

var fence = regexp.MustCompile("(?ms)^```(json|sh)\n(.*?)^```")

// chapters reads them. The first configuration is that of all.
func chapters(t *testing.T) (base map[string]any, all []chapter) {
	b, err := os.ReadFile("../../docs/migrating.md")
	if err != nil {
		t.Fatal(err)
	}
	for section := range strings.SplitSeq(string(b), "\n## ") {
		title, _, _ := strings.Cut(section, "\n")
		c := chapter{title: title}
		for _, m := range fence.FindAllStringSubmatch(section, -1) {
			if m[1] == "sh" {
				c.commands = append(c.commands, strings.Split(strings.TrimSpace(m[2]), "\n")...)
			} else if err := json.Unmarshal([]byte(m[2]), &c.config); err != nil {
				t.Fatalf("%s: %v", title, err)
			}
		}
		if base == nil {
			base = c.config
		} else if len(c.commands) > 0 {
			all = append(all, c)
		}
	}
	return base, all
}

// words splits a command line as a shell does, as far as the document needs it.
var word = regexp.MustCompile(`'[^']*'|\S+`)

func words(line string) (all []string) {
	for _, w := range word.FindAllString(line, -1) {
		all = append(all, strings.Trim(w, "'"))
	}
	return all
}

// Each chapter is followed with an export that the stack's own software has made
// (testdata/migrate/make.sh), and then its users sign in: each with the old password, once with the
// hash of the stack and once with the Argon2id hash that it has become.
func TestMigratingDocument(t *testing.T) {
	base, all := chapters(t)
	if len(all) < 14 {
		t.Errorf("%d chapters have commands", len(all))
	}
	exports, err := filepath.Abs("testdata/migrate")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		t.Run(c.title, func(t *testing.T) { follow(t, base, c, exports) })
	}
}

func follow(t *testing.T, base map[string]any, c chapter, exports string) {
	folder := t.TempDir()
	h := newHost(t, "sqlite:"+filepath.Join(folder, "app.db"), "bigint")
	t.Setenv("DATABASE_URL", h.dsn)
	t.Setenv("DEVISE_PEPPER", "pepper-of-the-app")
	t.Setenv("FIREBASE_SIGNER_KEY", "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==")
	if err := os.CopyFS(folder, os.DirFS(exports)); err != nil {
		t.Fatal(err)
	}
	merged := map[string]any{}
	for _, from := range []map[string]any{base, c.config} {
		for k, v := range from {
			merged[k] = v
		}
	}
	b, err := json.Marshal(merged)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(folder, "passwdctl.json")
	if err := os.WriteFile(config, b, 0o600); err != nil {
		t.Fatal(err)
	}
	h.exec(t, "INSERT INTO users (id, username, email) VALUES (1, 'ada', 'ada@example.com'), (2, 'grace', 'grace@example.com'), (3, 'left', 'left@example.com'), (4, 'daemon', 'root@example.com')")
	t.Chdir(folder)
	if code, _, errs := ctl(t, "migrate", "--config", config); code != 0 {
		t.Fatal(errs)
	}
	wrap := false
	for _, line := range c.commands {
		args := words(line)
		if args[0] != "passwdctl" {
			t.Fatalf("%q is no command of ours", line)
		}
		wrap = wrap || args[1] == "wrap"
		code, out, errs := ctl(t, append(args[1:], "--config", config)...)
		skipped := strings.Contains(errs, "are skipped") || strings.Contains(errs, "are hopeless")
		if code != 0 && !(code == exitFound && skipped && (c.title == "Django" || c.title == "Linux accounts")) {
			t.Errorf("%s: exit %d: %s%s", line, code, out, errs)
		}
	}
	signIn(t, config, h, wrap)
}

func signIn(t *testing.T, config string, h *host, wrap bool) {
	o := &options{config: config}
	db, err := o.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.close()
	hasher := db.config.hasher()
	if len(db.config.Accept) == 0 {
		t.Error("the chapter accepts no format")
	}
	if wrap && !slices.Contains(hasher.Accept, foreign.Wrapped) {
		hasher.Accept = append(hasher.Accept, foreign.Wrapped)
	}
	svc, err := passwd.New(passwd.Config{
		Store: db.store, Keys: passwd.RandomKeys(), Hasher: hasher, Links: passwd.Links{Base: "https://app.example.com/account/password"},
		Notify: passwd.NotifierFunc(func(context.Context, passwd.Message) error { return nil }),
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, u := range []struct{ name, password string }{{"ada", "correct horse battery staple"}, {"grace", "Gr\u00fc\u00dfe aus Z\u00fcrich"}} {
		id := []string{"1", "2"}[i]
		before := h.hash(t, id)
		if before == "" || strings.HasPrefix(before, "$argon2id$") || wrap != strings.HasPrefix(before, "{wrap:") && id == "1" {
			t.Errorf("%s has %q, wrapped is %t", u.name, before, wrap)
		}
		try := func(password string) error {
			_, err := svc.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Value: u.name + "@example.com"}, Password: password})
			return err
		}
		if err := try(u.password + "!"); !errors.Is(err, passwd.ErrWrongCredentials) {
			t.Errorf("%s, wrong password: %v", u.name, err)
		}
		for range 2 {
			if err := try(u.password); err != nil {
				t.Errorf("%s: %v; %q", u.name, err, before)
			}
		}
		if after := h.hash(t, id); !strings.HasPrefix(after, "$argon2id$") {
			t.Errorf("%s still has %q", u.name, after)
		}
	}
}

// The table of the document has each stack with its first line.
func TestMigratingTable(t *testing.T) {
	b, err := os.ReadFile("../../docs/migrating.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range foreign.Formats() {
		if lines := foreign.Lines(f); len(lines) > 0 {
			if row := "| `" + string(f) + "` | `" + strings.ReplaceAll(lines[0], "|", `\|`) + "` |"; !strings.Contains(string(b), row) {
				t.Errorf("no row %s", row)
			}
		}
	}
}

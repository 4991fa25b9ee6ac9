package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
)

func TestImport(t *testing.T) {
	hosts(t, "bigint", func(t *testing.T, h *host) {
		h.exec(t, "INSERT INTO users (id, username, email, hash, deleted_at) VALUES (1, 'ada', 'ada@example.com', NULL, NULL), (2, 'bob', 'Bob@example.com', '', NULL),"+
			"(3, 'cy', 'cy@example.com', '"+bcrypt5+"', NULL), (4, 'dee', 'dee@example.com', NULL, '2020'), (5, 'eve', 'twin@example.com', NULL, NULL), (6, 'fay', 'twin@example.com', NULL, NULL)")
		export := file(t, "users.csv", "email,pass\nada@example.com,"+django+"\nBOB@example.com,"+phpass+"\ncy@example.com,"+django+"\ndee@example.com,"+django+
			"\ntwin@example.com,"+django+"\nnobody@example.com,"+django+"\nada@example.com,hunter2\nada@example.com,\n,"+django+"\n")
		if code, _, errs := ctl(t, "migrate", "--config", h.config); code != 0 {
			t.Fatalf("migrate: %d %s", code, errs)
		}
		if code, _, errs := ctl(t, "verify", "--config", h.config); code != 0 {
			t.Fatalf("verify: %d %s", code, errs)
		}
		args := []string{"import", export, "--config", h.config, "--by", "email", "--hash-column", "pass", "--json"}

		// The dry run writes nothing, and says what the run does.
		for i, want := range []imported{
			{DryRun: true, Rows: 9, Written: 2, Skipped: 7},
			{Rows: 9, Written: 2, Skipped: 7},
			{Rows: 9, Present: 2, Skipped: 7}, // and once more does nothing
		} {
			if i == 1 {
				args = append(args, "--write", "--report", t.TempDir()+"/skipped.csv")
			}
			code, out, errs := ctl(t, args...)
			got := decode[imported](t, out)
			why := got.Why
			got.Why = nil
			if code != exitFound || got.DryRun != want.DryRun || got.Rows != want.Rows || got.Written != want.Written || got.Present != want.Present || got.Skipped != want.Skipped {
				t.Errorf("run %d: exit %d, %+v, want %+v; %v %s", i, code, got, want, why, errs)
			}
			if why["no such user"] != 2 || why["several users"] != 1 || why["the user has another hash"] != 1 || why["no hash"] != 1 || why["no email"] != 1 {
				t.Errorf("run %d: %v", i, why)
			}
			if written := h.hash(t, "1") != ""; written != (i > 0) {
				t.Errorf("run %d: written is %t", i, written)
			}
		}
		if h.hash(t, "1") != django || h.hash(t, "2") != phpass || h.hash(t, "3") != bcrypt5 || h.hash(t, "4") != "" || h.hash(t, "5") != "" {
			t.Errorf("%q %q %q %q", h.hash(t, "1"), h.hash(t, "2"), h.hash(t, "3"), h.hash(t, "4"))
		}
		report, err := os.ReadFile(args[len(args)-1])
		if err != nil || strings.Count(string(report), "\n") != 8 || strings.Contains(string(report), "hunter2") {
			t.Errorf("report: %v\n%s", err, report)
		}

		code, out, errs := ctl(t, "hashes", "inspect", "--config", h.config, "--json")
		if got := decode[census](t, out); code != 0 || got.Rows != 5 || got.Empty != 2 {
			t.Errorf("inspect: exit %d, %+v; %s", code, got, errs)
		}
	})
}

// A password that was set between the look and the write stays.
func TestImportIsOvertaken(t *testing.T) {
	hosts(t, "text", func(t *testing.T, h *host) {
		h.exec(t, "INSERT INTO users (id, hash) VALUES ('a', NULL), ('b', NULL), ('c', 'theirs')")
		table := h.table(t)
		n, err := table.fill(t.Context(), "", []string{"a", "c"}, []pwhash.Hash{django, django})
		if err != nil || n != 1 || h.hash(t, "c") != "theirs" {
			t.Errorf("fill: %d, %v, %q", n, err, h.hash(t, "c"))
		}
	})
}

func TestUsersArePaged(t *testing.T) {
	for _, idType := range []string{"bigint", "text", "uuid"} {
		hosts(t, idType, func(t *testing.T, h *host) {
			const n = 2*pageSize + 5
			for from := 0; from < n; from += 500 {
				var values []string
				for i := from; i < min(from+500, n); i++ {
					values = append(values, fmt.Sprintf("('%s', 'h%d')", testID(idType, i), i))
				}
				h.exec(t, "INSERT INTO users (id, hash) VALUES "+strings.Join(values, ", "))
			}
			table := h.table(t)
			seen := map[string]pwhash.Hash{}
			for u, err := range table.users(t.Context(), "", false) {
				if err != nil {
					t.Fatal(err)
				}
				if _, twice := seen[u.ref.ID]; twice {
					t.Fatalf("%q twice", u.ref.ID)
				}
				seen[u.ref.ID] = u.hash
			}
			if total, err := table.count(t.Context(), "", false); err != nil || total != n || len(seen) != n {
				t.Errorf("%d of %d users, %v", len(seen), total, err)
			}
			for i := range n {
				if seen[testID(idType, i)] != pwhash.Hash(fmt.Sprintf("h%d", i)) {
					t.Fatalf("%s: %q", testID(idType, i), seen[testID(idType, i)])
				}
			}
		})
	}
}

func testID(idType string, i int) string {
	switch idType {
	case "bigint":
		return fmt.Sprint(i + 1)
	case "uuid":
		return fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
	}
	return fmt.Sprintf("user-%d", i)
}

func TestWrapTable(t *testing.T) {
	hosts(t, "bigint", func(t *testing.T, h *host) {
		h.config = h.configure(t, map[string]any{"id_type": "bigint"}, map[string]any{"accept": []string{"wrapped"}})
		if code, _, errs := ctl(t, "migrate", "--config", h.config); code != 0 {
			t.Fatal(errs)
		}
		h.exec(t, "INSERT INTO users (id, hash) VALUES (1, '"+md5Hex+"'), (2, '"+bcrypt5+"'), (3, NULL), (4, '"+md5Hex+"'), (5, '')")
		probes := lines(t, map[string]any{"hash": md5Hex, "password": staple})
		wrong := lines(t, map[string]any{"hash": md5Hex, "password": "x"})
		args := []string{"wrap", "--config", h.config, "--format", "insecure_md5", "--json"}
		for _, bad := range [][]string{args, append(slices.Clone(args), "--probes", wrong, "--write"), {"wrap", "--config", h.config, "--format", "insecure_ntlm", "--probes", probes, "--write"}} {
			if code, _, errs := ctl(t, bad...); code != exitFound || !strings.Contains(errs, "probe") {
				t.Errorf("%v: exit %d, %s", bad, code, errs)
			}
		}
		args = append(args, "--probes", probes)
		for i, want := range []wrapped{
			{DryRun: true, Rows: 5, Wrapped: 2, Others: 1, Empty: 2},
			{Rows: 5, Wrapped: 2, Others: 1, Empty: 2},
			{Rows: 5, Earlier: 2, Others: 1, Empty: 2},
		} {
			if i == 1 {
				if h.hash(t, "1") != md5Hex {
					t.Error("the dry run has written")
				}
				args = append(args, "--write", "--workers", "2")
			}
			code, out, errs := ctl(t, args...)
			if got := decode[wrapped](t, out); code != 0 || got != want {
				t.Errorf("run %d: exit %d, %+v, want %+v; %s", i, code, got, want, errs)
			}
		}
		hasher := foreign.Hasher{Accept: []foreign.Format{foreign.Wrapped}}
		for _, id := range []string{"1", "4"} {
			if v, err := hasher.Verify(t.Context(), pwhash.Hash(h.hash(t, id)), staple); err != nil || !v.Match {
				t.Errorf("%s: %+v, %v", id, v, err)
			}
		}
		if h.hash(t, "2") != bcrypt5 || h.hash(t, "1") == h.hash(t, "4") {
			t.Errorf("%q %q", h.hash(t, "2"), h.hash(t, "1"))
		}
	})
}

func TestAccounts(t *testing.T) {
	hosts(t, "bigint", func(t *testing.T, h *host) {
		if code, _, errs := ctl(t, "migrate", "--config", h.config); code != 0 {
			t.Fatal(errs)
		}
		h.exec(t, "INSERT INTO users (id, username, email, hash) VALUES (7, 'ada', 'ada@example.com', '"+bcrypt5+"')")
		step := func(want int, args ...string) string {
			t.Helper()
			code, out, errs := ctl(t, append(args, "--config", h.config, "--json")...)
			if code != want {
				t.Errorf("%v: exit %d, want %d: %s", args, code, want, errs)
			}
			return out
		}
		type account struct {
			Password, Must string
			Stale          bool
			Epoch          int64
		}
		if got := decode[account](t, step(0, "accounts", "inspect", "7")); got.Password != "bcrypt" || !got.Stale || got.Must != "" {
			t.Errorf("%+v", got)
		}
		step(0, "accounts", "require-change", "ada", "--by", "username", "--reason", "policy")
		if got := decode[account](t, step(0, "accounts", "inspect", "ADA@example.com", "--by", "email")); got.Must != string(passwd.Outdated) {
			t.Errorf("%+v", got)
		}
		step(exitUsage, "accounts", "require-change", "7", "--reason", "whim")
		step(0, "accounts", "revoke", "7")
		if all := decode[struct{ Accounts int }](t, step(0, "accounts", "revoke-all")); all.Accounts != 1 {
			t.Errorf("revoked of all: %+v", all)
		}
		issued := decode[struct{ Password string }](t, step(0, "accounts", "temporary", "7", "--ttl", "1h"))
		if v, err := (pwhash.Argon2id{}).Verify(t.Context(), pwhash.Hash(h.hash(t, "7")), issued.Password); err != nil || !v.Match {
			t.Errorf("temporary: %+v, %v", v, err)
		}
		step(0, "accounts", "suspend", "7")
		if got := decode[account](t, step(0, "accounts", "inspect", "7")); got.Must != string(passwd.Compromised) {
			t.Errorf("%+v", got)
		}
		if q := decode[waiting](t, step(0, "queue")); q.Jobs == 0 {
			t.Errorf("nobody is told: %+v", q)
		}
		step(exitFound, "queue", "--late", "-1h")
		step(0, "purge")
		step(0, "accounts", "forget", "7")
		step(exitFound, "accounts", "revoke", "8")
		step(exitFound, "accounts", "inspect", "x")
		step(exitFound, "accounts", "revoke", "nobody", "--by", "username")
		step(exitUsage, "accounts", "revoke", "7", "--by", "shoe size")
		if code, _, _ := ctl(t, "accounts", "revoke", "7", "--config", h.configure(t, map[string]any{"id_type": "bigint"}, map[string]any{"key": "short"})); code != exitUsage {
			t.Errorf("no key: exit %d", code)
		}
	})
}

func TestConfig(t *testing.T) {
	t.Setenv("PASSWDCTL_DSN", "")
	for content, want := range map[string]string{
		"{":                               "config",
		`{"users": {"tabel": "x"}}`:       "tabel",
		`{"dsn": "env:NO_SUCH_VARIABLE"}`: "NO_SUCH_VARIABLE",
		`{"dsn": "x"}`:                    "no mapping",
		`{"dsn": "x", "users": {"table": "u", "id_type": "bigint"}}`:              "connection string",
		`{"dsn": "sqlite::memory:", "users": {"table": "u", "id_type": "float"}}`: "id_type",
		`{"dsn": "sqlite::memory:", "users": {"table": "u"}}`:                     "id_type, and tenant_type with tenant, is required",
	} {
		code, _, errs := ctl(t, "verify", "--config", file(t, "c.json", content))
		if code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d, %s, want %q", content, code, errs, want)
		}
	}
	h := newHost(t, "sqlite:"+t.TempDir()+"/x.db", "bigint")
	if code, _, errs := ctl(t, "verify", "--config", h.config); code != exitFound || errs == "" {
		t.Errorf("before migrate: exit %d, %s", code, errs)
	}
	if code, _, _ := ctl(t, "verify", "--config", h.config, "--dsn", "postgres://127.0.0.1:1/x?connect_timeout=2"); code != exitFailed {
		t.Errorf("no server: exit %d", code)
	}
}

func TestCalibrate(t *testing.T) {
	code, out, errs := ctl(t, "calibrate", "--target", "1ms", "--max-mib", "19", "--json")
	if got := decode[map[string]float64](t, out); code != 0 || got["kib"] != 19456 {
		t.Errorf("exit %d, %v; %s", code, got, errs)
	}
	if code, _, _ := ctl(t, "calibrate", "--max-mib", "1"); code != exitUsage {
		t.Errorf("1 MiB: exit %d", code)
	}
}

func TestStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var got census
	err := inspectFile(ctx, &options{}, source{file: file(t, "x.csv", "hash\nx\n")}, columns{}, "", &got)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	p := newProgress(&strings.Builder{}, 10, false)
	p.terminal, p.last = true, time.Time{}
	p.at(5)
	if text := p.out.(*strings.Builder).String(); !strings.Contains(text, "50%") || !strings.Contains(text, "left") {
		t.Errorf("progress: %q", text)
	}
}

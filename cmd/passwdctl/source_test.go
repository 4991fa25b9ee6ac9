package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/pwhash"
)

// FuzzSource holds that no export panics or has no end, whatever it is taken for, and that every row
// that is read has fields.
func FuzzSource(f *testing.F) {
	entries, err := os.ReadDir("testdata/migrate")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile("testdata/migrate/" + e.Name())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	f.Add("{\"users\":[{\"credentials\":\"[1]\"},{\"credentials\":[{}]}],\"x\":[[{}]]}")
	f.Add("dn: x\nuserPassword:: ****\n\nuserPassword: a\n b\n")
	readers := []func(io.Reader, yieldRow){
		func(in io.Reader, yield yieldRow) { readCSV(in, "csv", yield) },
		func(in io.Reader, yield yieldRow) { readCSV(in, "tsv", yield) },
		readJSONLines, readHtpasswd, readLDIF,
		func(in io.Reader, yield yieldRow) { readJSON(in, "json", yield) },
		func(in io.Reader, yield yieldRow) { readJSON(in, "django", yield) },
		func(in io.Reader, yield yieldRow) { readJSON(in, "firebase", yield) },
	}
	f.Fuzz(func(t *testing.T, content string) {
		guessKind("file", []byte(content))
		for _, read := range readers {
			n := 0
			read(strings.NewReader(content), func(r row, err error) bool {
				if n++; n > len(content)+1 {
					t.Fatal("more rows than bytes")
				}
				if err == nil && r.fields == nil {
					t.Error("a row without fields, and no error")
				}
				if err == nil {
					columns{}.hashOf(r, "hash:salt = md5(pw + salt)")
				}
				return n < 1000
			})
		}
	})
}

// Tenants are told apart: what is imported or counted for one is not of another.
func TestTenants(t *testing.T) {
	hosts(t, "bigint", func(t *testing.T, h *host) {
		h.exec(t, "CREATE TABLE members (org bigint, id bigint, email varchar(100), hash text, PRIMARY KEY (org, id))")
		h.exec(t, "INSERT INTO members (org, id, email, hash) VALUES (1, 1, 'a@example.com', NULL), (1, 2, 'b@example.com', NULL), (2, 1, 'a@example.com', NULL), (NULLIF(2, 1) + 1, 7, 'c@example.com', 'x')")
		users := map[string]any{"table": "members", "tenant": "org", "tenant_type": "bigint", "id_type": "bigint", "username": "", "email": "email"}
		h.config = h.configure(t, users, nil)
		if code, _, errs := ctl(t, "migrate", "--config", h.config); code != 0 {
			t.Fatal(errs)
		}
		export := file(t, "x.csv", "id,email,hash\n1,a@example.com,"+django+"\n2,b@example.com,"+bcrypt5+"\n")
		code, out, errs := ctl(t, "import", export, "--config", h.config, "--tenant", "2", "--write", "--json")
		if got := decode[imported](t, out); code != exitFound || got.Written != 1 || got.Why["no such user"] != 1 {
			t.Errorf("exit %d, %+v; %s", code, got, errs)
		}
		code, out, errs = ctl(t, "import", export, "--config", h.config, "--tenant", "1", "--by", "email", "--write", "--json")
		if got := decode[imported](t, out); code != 0 || got.Written != 2 {
			t.Errorf("exit %d, %+v; %s", code, got, errs)
		}
		table := h.table(t)
		for tenant, want := range map[string]int{"1": 2, "2": 1, "3": 1, "4": 0} {
			n := 0
			for u, err := range table.users(t.Context(), tenant, false) {
				if err != nil || u.ref.Tenant != tenant || u.hash == pwhash.Hash("") {
					t.Errorf("%+v, %v", u.ref, err)
				}
				n++
			}
			if n != want {
				t.Errorf("tenant %s has %d users, want %d", tenant, n, want)
			}
		}
		n := 0
		for _, err := range table.users(t.Context(), "", true) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 4 {
			t.Errorf("%d users in all tenants", n)
		}
	})
}

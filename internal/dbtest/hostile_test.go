package dbtest_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/sqlstore"
)

var hostile = []string{
	"' OR '1'='1", `" OR "1"="1`, "'; DROP TABLE users; --", "` OR 1=1 --", "%", "_", "*", "?", "$1", "{table}",
	"NULL", "0", "1 OR 1=1", "\\' OR 1=1 --", "/* */", "Ａdmin", "admin", "ADMIN", "ad\u200bmin", "mıke", strings.Repeat("'", 200),
}

// TestHostileValues gives every account a hostile id, name and hash, in columns
// whose collation ignores case. A write changes nothing but its own row.
func TestHostileValues(t *testing.T) {
	declared := map[*server]string{
		onSQLite: "TEXT COLLATE NOCASE", onPostgres: "text COLLATE nocase", onMariaDB: "VARCHAR(255)",
	}
	for _, s := range []*server{onSQLite, onPostgres, onMariaDB} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			db := s.open(t)
			if s == onPostgres {
				mustExec(t, db, "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
			}
			of := declared[s]
			// Without keys, for ids that differ in case alone.
			mustExec(t, db, "CREATE TABLE users (id "+of+", tenant "+of+", username "+of+", password_hash "+of+")")
			testHostileValues(t, s, db)
		})
	}
}

func testHostileValues(t *testing.T, s *server, db *sql.DB) {
	u := sqlstore.Users{Table: "users", ID: "id", IDType: sqlstore.Text, Tenant: "tenant", TenantType: sqlstore.Text, Username: "username", Hash: "password_hash"}
	store := s.store(t, db, u)
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := store.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	var refs []passwd.Ref
	for _, tenant := range []string{"north", "NORTH", "", hostile[0]} {
		for _, value := range hostile {
			refs = append(refs, passwd.Ref{Tenant: tenant, ID: value})
			mustExec(t, db, "INSERT INTO users VALUES ("+s.placeholders(4)+")", value, tenant, value, "$hash$"+value)
		}
	}
	hashes := func() map[passwd.Ref]string {
		rows, err := db.QueryContext(t.Context(), "SELECT tenant, id, password_hash FROM users")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		all := map[passwd.Ref]string{}
		for rows.Next() {
			var r passwd.Ref
			var hash string
			if err := rows.Scan(&r.Tenant, &r.ID, &hash); err != nil {
				t.Fatal(err)
			}
			all[r] = hash
		}
		return all
	}

	for _, r := range refs {
		a, err := store.Get(t.Context(), r)
		if err != nil || a.Ref != r || a.Username != r.ID || a.Hash != "$hash$"+passwd.Hash(r.ID) {
			t.Fatalf("Get of %v: %+v, %v", r, a, err)
		}
		found, err := store.Find(t.Context(), passwd.Login{Tenant: r.Tenant, Kind: passwd.Username, Value: passwd.Fold(r.ID)}, 99)
		same := 0
		for _, f := range found {
			if f.Ref.Tenant != r.Tenant || passwd.Fold(f.Username) != passwd.Fold(r.ID) {
				t.Errorf("Find of %v found %v", r, f.Ref)
			}
			if f.Ref == r {
				same++
			}
		}
		if err != nil || same != 1 {
			t.Errorf("Find of %v: %d accounts, %v", r, len(found), err)
		}

		before := hashes()
		w := replacement(a, "$new$"+passwd.Hash(r.Tenant+r.ID))
		w.Jobs = nil
		wrong := w
		wrong.IfHash = passwd.Hash(strings.ToUpper(string(a.Hash)))
		if _, err := store.Apply(t.Context(), wrong); err != passwd.ErrConflict {
			t.Errorf("Apply that expects a hash in other case: %v", err)
		}
		if _, err := store.Apply(t.Context(), w); err != nil {
			t.Fatalf("Apply to %v: %v", r, err)
		}
		for other, hash := range hashes() {
			if (hash != before[other]) != (other == r) {
				t.Errorf("Apply to %v: that of %v is %q, was %q", r, other, hash, before[other])
			}
		}
	}
	for _, r := range refs {
		if err := store.Forget(t.Context(), r); err != nil {
			t.Errorf("Forget of %v: %v", r, err)
		}
	}
}

// An id that is not unique would make a write one of two accounts.
func TestAmbiguousID(t *testing.T) {
	u := sqlstore.Users{Table: "users", ID: "id", IDType: sqlstore.BigInt, Email: "email", Hash: "hash"}
	db := openFile(t, filepath.Join(t.TempDir(), "host.db"))
	if _, err := db.Exec("CREATE TABLE users (id INTEGER, email TEXT, hash TEXT); INSERT INTO users VALUES (1, 'a@x', 'h'), (1, 'b@x', 'h')"); err != nil {
		t.Fatal(err)
	}
	store := open(t, db, u)
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := dump(t, db)
	if _, err := store.Apply(t.Context(), passwd.Write{Account: passwd.Ref{ID: "1"}, IfHash: "h", NewHash: "new", Now: t0}); err == nil || !strings.Contains(err.Error(), "unique") {
		t.Errorf("Apply: %v", err)
	}
	if _, err := store.Rehash(t.Context(), passwd.Ref{ID: "1"}, "h", "new"); err == nil || !strings.Contains(err.Error(), "unique") {
		t.Errorf("Rehash: %v", err)
	}
	if after := dump(t, db); after != before {
		t.Errorf("it is\n%s\nwas\n%s", after, before)
	}
}

// A database never gets to guess: "2abc" is not 2, and an upper-case UUID is the
// account whose id is its lower-case form.
func TestCanonicalIDs(t *testing.T) {
	u := sqlstore.Users{Table: "users", ID: "id", IDType: sqlstore.UUID, Email: "email", Hash: "hash"}
	for _, ids := range []sqlstore.IDType{sqlstore.UUID, sqlstore.BinaryUUID} {
		u.IDType = ids
		h := newHost(t, u)
		const id = "0190b5a4-7d3c-7000-8000-0123456789ab"
		if err := seed(t.Context(), h.db, u, passwd.Account{Ref: passwd.Ref{ID: id}, Email: "a@example.com", Hash: "h"}); err != nil {
			t.Fatal(err)
		}
		upper := passwd.Ref{ID: strings.ToUpper(id)}
		if a := h.get(upper); a.Ref.ID != id {
			t.Errorf("id is %q", a.Ref.ID)
		}
		if _, err := h.store.Apply(t.Context(), passwd.Write{Account: upper, IfHash: "h", Must: passwd.Expired, Now: t0}); err != nil {
			t.Fatal(err)
		}
		if a := h.get(passwd.Ref{ID: id}); a.Must != passwd.Expired {
			t.Errorf("need is %q", a.Must)
		}
		for range 2 { // again, as a retry does
			token := passwd.TokenRecord{Account: upper, IssuedAt: t0, ExpiresAt: t0.Add(time.Hour)}
			if err := h.store.Issue(t.Context(), token, 0, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.store.Forget(t.Context(), upper); err != nil {
			t.Fatal(err)
		}
		if n := column(t, h.db, "SELECT count(*) FROM passwd_token"); n[0] != "0" {
			t.Errorf("%s tokens are left", n[0])
		}
	}
}

// Without columns that say so every address is confirmed; with one, NULL is not.
func TestConfirmedAddresses(t *testing.T) {
	u := usual
	u.MobileConfirmed = ""
	h := newHost(t, u)
	a := h.user("1")
	if len(a.Address) != 1 || a.Address[0] != (passwd.Address{Channel: passwd.SMSChannel, Value: a.Mobile}) {
		t.Errorf("addresses are %v", a.Address)
	}
	for _, yes := range []any{true, 1, "true", "t"} {
		h.exec("UPDATE users SET email_confirmed = ?", yes)
		a = h.get(a.Ref)
		if len(a.Address) != 2 || a.Address[0] != (passwd.Address{Channel: passwd.EmailChannel, Value: a.Email}) {
			t.Errorf("with %v addresses are %v", yes, a.Address)
		}
	}
	for _, no := range []any{nil, false, 0, "f", "false"} {
		h.exec("UPDATE users SET email_confirmed = ?, active = ?, disabled = ?", no, no, no)
		if a = h.get(a.Ref); len(a.Address) != 1 || a.Active || a.Disabled {
			t.Errorf("with %v account is %+v", no, a)
		}
	}
}

// What a server quotes in its errors comes up in none of ours (I7).
func TestServerErrorsTellNoValues(t *testing.T) {
	const canary = "$canary$"
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := s.newHost(t, s.open(t), usual)
			a, b := h.user("1"), h.user("2")
			index := "password_hash"
			if s == onMariaDB {
				index = "password_hash(100)"
			}
			h.exec("CREATE UNIQUE INDEX odd ON users (" + index + ")")
			if _, err := h.store.Apply(t.Context(), replacement(a, canary)); err != nil {
				t.Fatal(err)
			}
			tx, err := h.db.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback()
			for _, store := range []*sqlstore.Store{h.store.Within(tx), h.store} {
				if _, err := store.Apply(t.Context(), replacement(b, canary)); err == nil || strings.Contains(err.Error(), "canary") {
					t.Errorf("Apply: %v", err)
				}
				tx.Rollback()
			}
			if got := h.get(b.Ref); got.Hash != b.Hash || got.Epoch != 0 {
				t.Errorf("account is %+v", got)
			}
		})
	}
}

package dbtest_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/session"
)

func (h *host) count(table string) int {
	h.t.Helper()
	n, err := strconv.Atoi(column(h.t, h.db, "SELECT count(*) FROM "+table)[0])
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// bytes is what a table and its indexes take; 0 where the database does not tell.
func (h *host) bytes(table string) int {
	h.t.Helper()
	statement := "SELECT pg_total_relation_size('" + table + "')"
	switch h.on {
	case onSQLite:
		return 0
	case onMariaDB:
		h.exec("ANALYZE TABLE " + table)
		statement = "SELECT data_length + index_length FROM information_schema.tables WHERE table_schema = database() AND table_name = '" + table + "'"
	}
	n, err := strconv.Atoi(column(h.t, h.db, statement)[0])
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// rows are those of all of the library's tables.
func (h *host) rows() map[string]int {
	h.t.Helper()
	rows := map[string]int{}
	for _, table := range ownTables {
		if n := h.count(table); n > 0 {
			rows[strings.TrimPrefix(table, "passwd_")] = n
		}
	}
	return rows
}

// TestGrowth has the rows that users and what they do leave behind, which
// docs/operations.md lists, and in the long run measures their bytes.
func TestGrowth(t *testing.T) {
	for _, s := range []*server{onSQLite, onPostgres, onMariaDB} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			f := newFlows(t, s, s.open(t), usual)
			ctx, users := t.Context(), testrun.Size(2, 2, 400)
			type user struct {
				login passwd.Login
				ref   passwd.Ref
				in    passwd.SignedIn
				pair  session.Pair
			}
			all := make([]user, users)
			before := f.h.rows()
			size := map[string]int{}
			for _, table := range ownTables {
				size[table] = f.h.bytes(table)
			}
			step := func(name string, want map[string]int, do func(i int, u *user)) {
				t.Helper()
				for i := range all {
					do(i, &all[i])
				}
				for more := true; more; { // rows that count nothing
					var err error
					_, more, err = f.h.store.Purge(ctx, time.UnixMicro(1), 1000)
					f.must(err)
				}
				after := f.h.rows()
				for _, table := range ownTables {
					table = strings.TrimPrefix(table, "passwd_")
					if got := after[table] - before[table]; got != want[table]*users {
						t.Errorf("%s: %d rows more of passwd_%s for %d users, want %d each", name, got, table, users, want[table])
					}
				}
				for table, n := range want {
					was, is := size["passwd_"+table], f.h.bytes("passwd_"+table)
					if n > 0 && testrun.Long() && is > was {
						t.Logf("%-8s %-30s passwd_%-13s %3d rows, %6d bytes a user", s.name, name, table, n, (is-was)/users)
					}
					size["passwd_"+table] = is
				}
				before = after
			}
			from := func(i int) passwd.Client {
				return passwd.Client{Addr: netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1}), UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
			}
			signIn := func(client func(int) passwd.Client, password string) func(int, *user) {
				return func(i int, u *user) {
					var err error
					u.in, err = f.svc.SignIn(ctx, passwd.SignIn{Login: u.login, Password: password, Client: client(i)})
					if password != "wrong" {
						f.must(err)
					}
				}
			}
			step("a user", nil, func(_ int, u *user) { u.login, u.ref = f.login() })
			step("the first sign-in", map[string]int{"account": 1, "limit": 1}, signIn(from, firstPassword))
			step("another sign-in", nil, signIn(from, firstPassword))
			step("a session", map[string]int{"session": 1}, func(i int, u *user) {
				var err error
				u.pair, err = f.sessions.Start(ctx, u.in, session.Info{Client: "web", DeviceName: "Firefox on Linux", From: from(i)})
				f.must(err)
			})
			refresh := func(i int, u *user) {
				var err error
				u.pair, err = f.sessions.Refresh(ctx, string(u.pair.Refresh), from(i))
				f.must(err)
			}
			step("a refresh", map[string]int{"session_spent": 1}, refresh)
			step("63 refreshes", map[string]int{"session_spent": 63}, func(i int, u *user) {
				for range 63 {
					refresh(i, u)
				}
			})
			step("30 more", nil, func(i int, u *user) {
				for range 30 {
					refresh(i, u)
				}
			})
			elsewhere := func(i int) passwd.Client { c := from(i); c.Addr = c.Addr.Next(); return c }
			step("a sign-in from elsewhere", map[string]int{"limit": 1}, signIn(elsewhere, firstPassword))
			step("sign-ins from 40 networks", map[string]int{"limit": 14}, func(i int, u *user) {
				for n := range 40 {
					c := from(i)
					c.Addr = netip.AddrFrom4([4]byte{172, byte(n), byte(i >> 8), byte(i)})
					signIn(func(int) passwd.Client { return c }, firstPassword)(i, u)
				}
			})
			step("a wrong password", map[string]int{"limit": 3}, signIn(from, "wrong"))
			step("the right one after it", map[string]int{"limit": -2}, signIn(from, firstPassword))
			step("a change", map[string]int{"job": 1, "token": 1, "session": -1, "session_spent": -64}, func(i int, u *user) {
				_, err := f.svc.Change(ctx, passwd.Change{Account: u.ref, Current: firstPassword, New: secondPassword, Client: from(i)})
				f.must(err)
			})
			if left := f.h.rows(); slices.Max([]int{left["session"], left["session_spent"]}) > 0 {
				t.Error("sessions remain")
			}
		})
	}
}

// Sessions with many spent tokens are purged in transactions of a bounded size.
func TestPurgeBatches(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := s.newHost(t, s.open(t), usual)
			a := h.user("1")
			if _, err := h.store.Apply(t.Context(), passwd.Write{Account: a.Ref, IfHash: a.Hash, Now: t0}); err != nil {
				t.Fatal(err)
			}
			a = h.get(a.Ref)
			const sessions, each = 30, 80
			insert := "INSERT INTO passwd_session_spent (session_id, n, digest) VALUES (" + s.placeholders(3) + ")"
			tx, err := h.db.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback()
			for n := range sessions {
				r := opened(a, n)
				r.Client = fmt.Sprint("app", n)
				if err := h.store.Within(tx).CreateSession(t.Context(), r, 10); err != nil {
					t.Fatal(err)
				}
				for spent := range each {
					d := digest(n*each + spent)
					d[30] = 7
					if _, err := tx.ExecContext(t.Context(), insert, r.ID, spent, d[:]); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			most := map[*server]int{onSQLite: 100}[s]
			if most == 0 {
				most = 1000
			}
			purged := 0
			for more, before := true, sessions*each; more; {
				var n int
				n, more, err = h.store.Purge(t.Context(), t0.Add(1000*time.Hour), 1000)
				if err != nil {
					t.Fatal(err)
				}
				purged += n
				after := h.count("passwd_session_spent")
				if before-after > most {
					t.Errorf("%d spent tokens in one transaction, want at most %d", before-after, most)
				}
				before = after
			}
			if left := h.count("passwd_session_spent"); left != 0 || purged != sessions || h.count("passwd_session") != 0 {
				t.Errorf("%d sessions were purged, and %d spent tokens are left", purged, left)
			}
		})
	}
}

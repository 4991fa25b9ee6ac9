package dbtest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/sqlstore"
)

// TestServerPlans asks the servers how they run every statement of the store over
// tables with some thousand rows: none reads a whole table, but the one that counts the
// jobs, which are bounded. The everyday run has the usual table.
func TestServerPlans(t *testing.T) {
	for _, s := range remoteServers {
		for _, m := range mappings() {
			if m.name == "little" || m.name == "odd names" {
				continue
			}
			t.Run(s.name+"/"+m.name, func(t *testing.T) {
				t.Parallel()
				if m.name != "usual" {
					testrun.NeedCI(t)
				}
				db, r := s.recorded(t)
				h := s.newHost(t, db, m.users)
				s.fillUsers(h, 5000)
				s.fillJobs(h, 5000)
				id := m.id
				if id == nil {
					id = func(n int) string { return fmt.Sprint(n) }
				}
				account := passwd.Account{Ref: passwd.Ref{Tenant: "north", ID: id(7)}, Username: "user7", Email: "user7@example.com", Hash: "$test$old", Active: true}
				fresh := passwd.Account{Ref: passwd.Ref{Tenant: "north", ID: id(9001)}, Username: "user9001", Hash: "$test$old", Active: true}
				for _, a := range []passwd.Account{account, fresh} {
					if err := s.seed(t.Context(), db, m.users, a); err != nil {
						t.Fatal(err)
					}
				}
				store, err := sqlstore.New(db, sqlstore.Config{Dialect: s.dialect, Users: m.users}) // with room for as many jobs
				if err != nil {
					t.Fatal(err)
				}
				h.store = store
				r.texts = map[string][]driver.NamedValue{}
				h.useEverything(account.Ref, fresh.Ref)
				texts := r.texts
				r.texts = map[string][]driver.NamedValue{} // explaining goes through it as well
				for text := range r.prepared {             // on MariaDB, that is all that the store has
					if _, used := texts[text]; !used && strings.Contains(text, "passwd_") && !strings.Contains(text, "passwd_schema") {
						t.Errorf("nothing uses %s", text)
					}
				}

				explained := 0
				for text, args := range texts {
					if !strings.Contains(text, "passwd_") || strings.HasPrefix(text, "CREATE") || strings.HasPrefix(text, "INSERT INTO") ||
						strings.Contains(text, "passwd_schema") || strings.Contains(text, "epoch = epoch + ") || strings.HasPrefix(text, "SELECT count(*) FROM "+s.quoted("passwd_job")) && !strings.Contains(text, "WHERE") {
						continue
					}
					explained++
					values := make([]any, len(args))
					for i, a := range args {
						values[i] = a.Value
					}
					if plan := s.explain(t, db, text, values); plan != "" {
						t.Errorf("%s\n%s", text, plan)
					}
				}
				if explained < 45 {
					t.Errorf("saw %d statements", explained)
				}
				t.Logf("%d statements", explained)
			})
		}
	}
}

func (s *server) recorded(t testing.TB) (*sql.DB, *recorder) {
	if s == onMariaDB {
		connector, err := mysql.NewConnector(mariaDatabase(t))
		if err != nil {
			t.Fatal(err)
		}
		return record(t, connector)
	}
	config, err := pgx.ParseConfig(postgresDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	return record(t, stdlib.GetConnector(*config))
}

// fillUsers fills all tables by generated rows, and gives the logins their indexes.
func (s *server) fillUsers(h *host, n int) {
	h.t.Helper()
	id, series := "i", fmt.Sprintf("(SELECT generate_series(1, %d) AS i) AS numbers", n)
	hex := "lpad(to_hex(i), 12, '0')"
	bytes := "decode(lpad(to_hex(i), 64, '0'), 'hex')"
	uuid := "CAST('0190b5a4-0000-7000-8000-' || " + hex + " AS uuid)"
	binary := "decode('0190b5a4000070008000' || " + hex + ", 'hex')"
	text := func(before, after string) string { return "'" + before + "' || i || '" + after + "'" }
	index := "CREATE INDEX users_%[1]s ON users (tenant, lower(%[1]s))"
	switch s {
	case onSQLite:
		series = fmt.Sprintf("(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n) AS numbers", n)
		hex = "printf('%012x', i)"
		bytes = "unhex(printf('%064x', i))"
		uuid = "'0190b5a4-0000-7000-8000-' || " + hex
		binary = "unhex('0190b5a4000070008000' || " + hex + ")"
	case onMariaDB:
		series = fmt.Sprintf("(SELECT seq AS i FROM seq_1_to_%d) AS numbers", n)
		hex = "lpad(lower(hex(i)), 12, '0')"
		bytes = "unhex(lpad(hex(i), 64, '0'))"
		uuid = "concat('0190b5a4-0000-7000-8000-', " + hex + ")"
		binary = "unhex(concat('0190b5a4000070008000', " + hex + "))"
		text = func(before, after string) string { return "concat('" + before + "', i, '" + after + "')" }
		index = "CREATE INDEX users_%[1]s ON users (tenant, %[1]s)"
	}
	switch h.users.IDType {
	case sqlstore.Text:
		id = text("user-", "")
	case sqlstore.UUID:
		id = uuid
	case sqlstore.BinaryUUID:
		id = binary
	}
	for _, statement := range []string{
		"INSERT INTO users (id, tenant, username, email, mobile, password_hash, active) SELECT " + id + ", 'north', " +
			text("user", "") + ", " + text("user", "@example.com") + ", " + text("+49", "") + ", 'hash', TRUE FROM " + series,
		fmt.Sprintf(index, "username"), fmt.Sprintf(index, "email"), fmt.Sprintf(index, "mobile"),
		"INSERT INTO passwd_account (tenant, user_id, epoch, stamp) SELECT 'north', " + id + ", 1, 1 FROM " + series,
		"INSERT INTO passwd_token (digest, purpose, tenant, user_id, epoch, attempts, issued_at, expires_at) SELECT " + bytes +
			", 'reset', 'north', " + id + ", 1, 0, 1, i FROM " + series,
		"INSERT INTO passwd_history (tenant, user_id, epoch, hash) SELECT 'north', " + id + ", 1, 'hash' FROM " + series,
		"INSERT INTO passwd_session (id, tenant, user_id, epoch, client, device, device_name, addr, user_agent, access_digest, refresh_digest, " +
			"created_at, issued_at, access_until, used_at, expires_at) SELECT " + text("session", "") + ", 'north', " + id + ", 1, 'app', " +
			bytes + ", '', '', '', " + bytes + ", " + bytes + ", 1, 1, 1, 1, i FROM " + series,
		"INSERT INTO passwd_session_spent (session_id, n, digest) SELECT " + text("session", "") + ", 1, " + bytes + " FROM " + series,
		"INSERT INTO passwd_limit (limit_key, taken, level, windowed, expires_at) SELECT " + text("key", "") + ", 1, 1, 0, i FROM " + series,
	} {
		h.exec(statement)
	}
	if s == onMariaDB {
		for _, table := range append([]string{"users"}, ownTables...) {
			h.exec("ANALYZE TABLE " + table)
		}
	} else {
		h.exec("ANALYZE")
	}
}

// fillJobs fills the queue with jobs of the future.
func (s *server) fillJobs(h *host, n int) {
	h.t.Helper()
	series, text := fmt.Sprintf("generate_series(1, %d) AS numbers(i)", n), "'job' || i"
	if s == onMariaDB {
		series, text = fmt.Sprintf("(SELECT seq AS i FROM seq_1_to_%d) AS numbers", n), "concat('job', i)"
	}
	h.exec("INSERT INTO passwd_job (id, job_key, sealed, not_before, not_after, attempts) SELECT " + text + ", " + text + ", 'sealed', " +
		fmt.Sprint(t0.Add(time.Hour).UnixMicro()) + " + i, 9000000000000000, 1 FROM " + series)
	if s == onMariaDB {
		h.exec("ANALYZE TABLE passwd_job")
	} else {
		h.exec("ANALYZE passwd_job")
	}
}

// useEverything calls every method, in every way that takes a statement of its own.
func (h *host) useEverything(r, fresh passwd.Ref) {
	h.t.Helper()
	ctx, s := h.t.Context(), h.store
	must := func(err error) {
		h.t.Helper()
		if err != nil {
			h.t.Fatal(err)
		}
	}
	for _, l := range []passwd.Login{{Kind: passwd.Username, Value: "user7"}, {Kind: passwd.Email, Value: "user7@example.com"}, {Kind: passwd.Mobile, Value: "+497"}} {
		l.Tenant = "north"
		_, err := s.Find(ctx, l, 8)
		must(err)
	}
	_, err := s.Apply(ctx, replacement(h.get(fresh), "$test$first")) // without a row of ours before
	must(err)
	a := h.get(r)
	epoch, err := s.Apply(ctx, replacement(a, "$test$first"))
	must(err)
	_, err = s.History(ctx, r, 5)
	must(err)
	token := resetToken(a, 9)
	token.Epoch = epoch
	must(s.Issue(ctx, token, 3, nil))
	_, err = s.Peek(ctx, token.TokenRef, t0)
	must(err)
	_, err = s.Attempt(ctx, token.TokenRef, 5, t0)
	must(err)
	_, err = s.Rehash(ctx, r, "$test$first", "$test$second")
	must(err)
	w := replacement(h.get(r), "$test$third")
	w.Consume, w.History, w.Jobs = &token.TokenRef, 0, nil
	_, err = s.Apply(ctx, w)
	must(err)
	must(h.useSessions(h.get(r)))
	w = replacement(h.get(r), "$test$fourth")
	w.KeepSession = opened(h.get(r), 4).ID
	_, err = s.Apply(ctx, w)
	must(err)
	_, err = s.RaiseEpochs(ctx, 1) // of all there are
	must(err)
	a = h.get(r)
	_, err = s.Apply(ctx, passwd.Write{Account: r, IfHash: a.Hash, IfEpoch: a.Epoch, IfMust: a.Must, Raise: true, Now: t0})
	must(err)
	must(s.Forget(ctx, r))
	_, err = s.History(ctx, r, 5) // none, so it looks whether there is such an account
	must(err)
	must(s.Put(ctx, passwd.Job{ID: "1", Key: "key"}))
	h.exec("UPDATE passwd_job SET seq = seq + 100000 WHERE id = '1'") // so that it might be full
	if err = s.Put(ctx, passwd.Job{ID: "2"}); err != passwd.ErrQueueFull {
		must(err)
		must(s.Done(ctx, "2"))
	}
	_, err = s.Overdue(ctx, t0)
	must(err)
	_, err = s.Claim(ctx, 1, time.Minute, t0)
	must(err)
	must(s.Put(ctx, passwd.Job{ID: "3"}))
	_, err = s.Claim(ctx, 5, time.Minute, t0)
	must(err)
	must(s.Put(ctx, passwd.Job{ID: "2", Urgent: true}))
	_, err = s.Overdue(ctx, t0)
	must(err)
	_, err = s.ClaimUrgent(ctx, 5, time.Minute, t0)
	must(err)
	must(s.Retry(ctx, "1", t0))
	must(s.Done(ctx, "1"))
	limit := passwd.Limit{Free: 5, Window: time.Minute}
	for n := range 5 { // one key, and several, at first new and then known
		for range 2 {
			steps := make([]passwd.Step, n+1)
			for i := range steps {
				steps[i] = passwd.Step{Key: fmt.Sprint("key", n, i), Limit: limit}
			}
			_, err = s.Do(ctx, t0, steps...)
			must(err)
		}
	}
	for n, rest := range []passwd.Step{{Key: "key10", Do: passwd.StepRefund}, {Key: "key11", Do: passwd.StepClear}} {
		steps := []passwd.Step{{Key: fmt.Sprint("key4", n), Do: passwd.StepClear}, rest}
		for i := range 3 * n { // too many for one statement
			steps = append(steps, passwd.Step{Key: fmt.Sprint("key4", i+n+1), Do: passwd.StepRefund})
		}
		_, err = s.Do(ctx, t0, steps...)
		must(err)
	}
	_, err = s.Do(ctx, t0, passwd.Step{Key: "key00", Do: passwd.StepClear})
	must(err)
	_, err = s.Do(ctx, t0, passwd.Step{Key: "kind:group:key", Limit: limit})
	must(err)
	_, _, err = s.Purge(ctx, time.UnixMicro(100), 1000) // some of each kind
	must(err)
}

// explain returns the plan of a statement that reads a whole table, and "" of others.
func (s *server) explain(t *testing.T, db *sql.DB, text string, args []any) string {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if s == onMariaDB {
		rows, err := conn.QueryContext(t.Context(), "EXPLAIN "+text, args...)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		defer rows.Close()
		for rows.Next() {
			var id, kind, table, access, possible, key, length, ref, estimate, extra sql.NullString
			if err := rows.Scan(&id, &kind, &table, &access, &possible, &key, &length, &ref, &estimate, &extra); err != nil {
				t.Fatal(err)
			}
			if (access.String == "ALL" || access.String == "index") && !strings.HasPrefix(table.String, "<") { // which is a result
				return fmt.Sprintf("reads all of %s: %s %s %s", table.String, access.String, key.String, extra.String)
			}
		}
		return ""
	}
	nulls := strings.TrimPrefix(strings.Repeat(", NULL", len(args)), ", ")
	prepare := "PREPARE explained AS " + text
	explain := "EXPLAIN EXECUTE explained"
	if len(args) > 0 {
		explain += "(" + nulls + ")"
	}
	for _, statement := range []string{"SET plan_cache_mode = force_generic_plan", prepare} {
		if _, err := conn.ExecContext(t.Context(), statement, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	defer conn.ExecContext(context.WithoutCancel(t.Context()), "DEALLOCATE explained")
	rows, err := conn.QueryContext(t.Context(), explain, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, line)
	}
	whole := strings.Join(plan, "\n")
	if strings.Contains(whole, "Seq Scan") {
		return whole
	}
	// An index on the tenant alone, or on the ids for the order's sake, would not do.
	if strings.Contains(text, "lower(u.") && !regexp.MustCompile(`Index Cond: .*lower\(`).MatchString(whole) {
		return whole
	}
	return ""
}

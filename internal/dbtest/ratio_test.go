package dbtest_test

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
)

// job of the measurement: an operation, and the values in which its nth run differs.
type measured struct {
	name   string
	do     func(n int) error
	values func(n int) []any
}

// TestServerRatio measures the store against a loop over the same statements, each
// prepared once, with the same transactions at the same isolation, over the same pool
// of the same driver. Both take turns. The loop scans into variables of the columns'
// types, which it keeps from run to run, and makes nothing of them: no account, no id,
// no time. It is a measurement: it fails only if the store is far off.
func TestServerRatio(t *testing.T) {
	if !testrun.Long() || testrun.Race {
		t.Skip("measures; set PASSWD_TEST_LONG, without the race detector")
	}
	for _, s := range []*server{onSQLite, onPostgres, onMariaDB} {
		t.Run(s.name, func(t *testing.T) {
			plain, r := s.recordedPair(t)
			h := s.newHost(t, plain, usual)
			recording := s.store(t, sql.OpenDB(r), usual)
			if err := recording.Verify(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, op := range h.measured() {
				// What the recording store does in run 0 is what the loop repeats.
				ours := h.store
				r.steps = nil
				h.store = recording
				if err := op.do(0); err != nil {
					t.Fatalf("%s: %v", op.name, err)
				}
				h.store = ours
				loop := newLoop(t, plain, r.steps, op.values(0))
				m := measure(t, op, loop)
				t.Logf("%-8s %-10s %2d steps: %8.0f/s, loop %8.0f/s, ratio %.2f (medians of %d turns; the ratio is between %.2f and %.2f in half of them)",
					s.name, op.name, len(loop.steps), m.store, m.loop, m.ratio, turns, m.quarter, m.threeQuarters)
				if m.ratio < 0.6 {
					t.Errorf("%s: ratio is %.2f", op.name, m.ratio)
				}
			}
		})
	}
}

const (
	turns    = 31
	turnTime = 30 * time.Millisecond
)

// measurement is in runs a second.
type measurement struct{ store, loop, ratio, quarter, threeQuarters float64 }

// measure lets the store and the loop take turns. Who begins changes, so that neither
// always has the processor's caches, or the log's flush, of the other.
func measure(t *testing.T, op measured, l *loop) measurement {
	t.Helper()
	next := 1
	timed := func(runs int, of func(n int) error) float64 {
		begin := time.Now()
		for range runs {
			if err := of(next); err != nil {
				t.Fatalf("%s: %v", op.name, err)
			}
			next++
		}
		return float64(runs) / time.Since(begin).Seconds()
	}
	loop := func(n int) error { return l.run(t.Context(), op.values(n)) }
	timed(20, loop)
	timed(20, op.do)
	runs := max(10, int(timed(100, op.do)*turnTime.Seconds()))
	var stores, loops, ratios []float64
	for turn := range turns {
		var a, b float64
		if turn%2 == 0 {
			a = timed(runs, op.do)
			b = timed(runs, loop)
		} else {
			b = timed(runs, loop)
			a = timed(runs, op.do)
		}
		stores, loops, ratios = append(stores, a), append(loops, b), append(ratios, a/b)
	}
	for _, all := range [][]float64{stores, loops, ratios} {
		slices.Sort(all)
	}
	return measurement{stores[turns/2], loops[turns/2], ratios[turns/2], ratios[turns/4], ratios[turns-1-turns/4]}
}

func (s *server) recordedPair(t testing.TB) (*sql.DB, *recorder) {
	if s == onSQLite {
		db := s.open(t)
		return db, &recorder{Connector: reopened{db}, texts: map[string][]driver.NamedValue{}}
	}
	db, r := s.recorded(t)
	db.Close()
	return pooled(t, sql.OpenDB(r.Connector)), r
}

// reopened connects to the database of a pool that was opened by name.
type reopened struct{ db *sql.DB }

func (r reopened) Driver() driver.Driver { return r.db.Driver() }
func (r reopened) Connect(ctx context.Context) (driver.Conn, error) {
	var file string
	if err := r.db.QueryRowContext(ctx, "SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&file); err != nil {
		return nil, err
	}
	return r.db.Driver().Open("file:" + file + pragmas)
}

// measured are the operations that matter. Each keeps the account as the run before
// left it.
func (h *host) measured() []measured {
	a := h.user("1")
	ctx := h.t.Context()
	start, err := h.store.Apply(ctx, passwd.Write{Account: a.Ref, IfHash: a.Hash, Now: t0})
	if err != nil {
		h.t.Fatal(err)
	}
	check := resetToken(h.get(a.Ref), 1)
	check.Purpose, check.Epoch = passwd.PurposeTicket, 0
	if err := h.store.Issue(ctx, check, 0, nil); err != nil {
		h.t.Fatal(err)
	}
	login := passwd.Login{Tenant: "north", Kind: passwd.Email, Value: passwd.Fold(a.Email)}
	hash := func(kind string, n int) passwd.Hash { return passwd.Hash(fmt.Sprintf("$test$%s%08d", kind, n)) }
	b, c := h.user("2"), h.user("3") // one for changes, one for redemptions
	epochs := map[passwd.Ref]int64{}
	for _, u := range []*passwd.Account{&b, &c} {
		w := passwd.Write{Account: u.Ref, IfHash: u.Hash, NewHash: hash(u.Ref.ID, 0), Now: t0}
		if epochs[u.Ref], err = h.store.Apply(ctx, w); err != nil {
			h.t.Fatal(err)
		}
	}
	change := func(u passwd.Account, n int) passwd.Write {
		return passwd.Write{
			Account: u.Ref, IfHash: hash(u.Ref.ID, n), IfEpoch: epochs[u.Ref] + int64(n),
			NewHash: hash(u.Ref.ID, n+1), Now: t0, History: 0, VoidAll: true,
		}
	}
	values := func(u passwd.Account) func(n int) []any {
		return func(n int) []any {
			e := epochs[u.Ref] + int64(n)
			d := digest(100 + n)
			return []any{string(hash(u.Ref.ID, n)), string(hash(u.Ref.ID, n+1)), e, e + 1, d[:]}
		}
	}
	_ = start
	return []measured{
		{"lookup", func(int) error { _, err := h.store.Find(ctx, login, 8); return err }, func(int) []any { return nil }},
		{"check", func(int) error { _, err := h.store.Peek(ctx, check.TokenRef, t0); return err }, func(int) []any { return nil }},
		{"change", func(n int) error { _, err := h.store.Apply(ctx, change(b, n)); return err }, values(b)},
		{"redemption", func(n int) error { // issue, and redeem
			token := resetToken(c, 100+n)
			token.Epoch = epochs[c.Ref] + int64(n)
			w := change(c, n)
			w.Consume = &token.TokenRef
			if err := h.store.Issue(ctx, token, 3, nil); err != nil {
				return err
			}
			_, err := h.store.Apply(ctx, w)
			return err
		}, values(c)},
		{"job", func(n int) error { // put, claim, done
			id := fmt.Sprintf("job-%08d", n)
			if err := h.store.Put(ctx, passwd.Job{ID: id, Key: id, Sealed: []byte("sealed"), NotBefore: t0, NotAfter: t0}); err != nil {
				return err
			}
			jobs, err := h.store.Claim(ctx, 1, time.Minute, t0)
			if err != nil || len(jobs) != 1 {
				return fmt.Errorf("%d jobs: %w", len(jobs), err)
			}
			return h.store.Done(ctx, id)
		}, func(n int) []any { return []any{fmt.Sprintf("job-%08d", n)} }},
	}
}

// loop runs the same statements again.
type loop struct {
	db    *sql.DB
	steps []*loopStep
}

type loopStep struct {
	step
	stmt   *sql.Stmt
	args   []any
	places []int // of args: the value that it is, or -1
	into   []any
}

func newLoop(t *testing.T, db *sql.DB, steps []step, values []any) *loop {
	l := &loop{db: db}
	for _, s := range steps {
		ls := &loopStep{step: s}
		if s.text != "" {
			stmt, err := db.PrepareContext(t.Context(), s.text)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { stmt.Close() })
			ls.stmt = stmt
		}
		for _, a := range s.args {
			place := slices.IndexFunc(values, func(v any) bool { return same(v, a.Value) })
			ls.args, ls.places = append(ls.args, a.Value), append(ls.places, place)
		}
		l.steps = append(l.steps, ls)
	}
	return l
}

func same(a, b any) bool {
	x, ok := a.([]byte)
	y, also := b.([]byte)
	if ok || also {
		return ok && also && bytes.Equal(x, y)
	}
	return a == b
}

func (l *loop) run(ctx context.Context, values []any) (err error) {
	var tx *sql.Tx
	for _, s := range l.steps {
		switch {
		case s.text != "":
			err = s.run(ctx, tx, values)
		case s.reads:
			tx, err = l.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.IsolationLevel(s.begin.Isolation), ReadOnly: s.begin.ReadOnly})
		default:
			err, tx = tx.Commit(), nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *loopStep) run(ctx context.Context, tx *sql.Tx, values []any) error {
	for i, place := range s.places {
		if place >= 0 {
			s.args[i] = values[place]
		}
	}
	stmt := s.stmt
	if tx != nil {
		stmt = tx.StmtContext(ctx, stmt)
	}
	if !s.reads {
		_, err := stmt.ExecContext(ctx, s.args...)
		return err
	}
	rows, err := stmt.QueryContext(ctx, s.args...)
	if err != nil {
		return err
	}
	for rows.Next() {
		if s.into == nil {
			if err := s.variables(rows); err != nil {
				return err
			}
		}
		if err := rows.Scan(s.into...); err != nil {
			return err
		}
	}
	return rows.Close()
}

// variables declares one for each column, by the first row that there is.
func (s *loopStep) variables(rows *sql.Rows) error {
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	s.into = make([]any, len(columns))
	for i := range s.into {
		s.into[i] = new(any)
	}
	if err := rows.Scan(s.into...); err != nil {
		return err
	}
	for i, value := range s.into {
		switch (*value.(*any)).(type) {
		case int64:
			s.into[i] = new(sql.NullInt64)
		case bool:
			s.into[i] = new(sql.NullBool)
		case []byte:
			s.into[i] = new([]byte)
		default:
			s.into[i] = new(sql.NullString)
		}
	}
	return nil
}

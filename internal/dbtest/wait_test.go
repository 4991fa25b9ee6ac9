package dbtest_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"

	"github.com/passwd-go/passwd/internal/testrun"
)

// TestServerWaitEnds keeps every operation waiting behind somebody else's locks until
// its context ends: nothing of it is there, and nothing comes later, when the locks go
// and the server would go on with what nobody waits for any more (I2).
func TestServerWaitEnds(t *testing.T) {
	testrun.NotWithRace(t)
	for _, s := range []*server{onPostgres, onPQ, onMariaDB} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			through, direct, r := s.relayed(t)
			h := s.newHost(t, direct, usual)
			account := h.everything()
			store := s.store(t, through, usual)
			if err := store.Verify(t.Context()); err != nil {
				t.Fatal(err)
			}
			before := h.contents().text()
			for _, op := range operations() {
				if slices.Contains([]string{"Put", "Claim", "ClaimUrgent", "Purge"}, op.name) {
					continue // they lock nothing that another has, or skip it
				}
				if slices.Contains([]string{"Done", "Retry", "TouchSession"}, op.name) {
					continue // one statement without a transaction, which does no harm when it comes later
				}
				holder, err := direct.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelReadCommitted})
				if err != nil {
					t.Fatal(err)
				}
				for _, table := range append([]string{h.users.Table}, ownTables...) {
					rows, err := holder.QueryContext(t.Context(), "SELECT 1 FROM "+s.quoted(table)+" FOR UPDATE")
					if err != nil {
						t.Fatal(err)
					}
					for rows.Next() {
					}
					rows.Close()
				}
				if _, err := (&host{t: t, store: store}).readAgain(account.Ref); err != nil { // so that a connection is there
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- op.do(ctx, store, account) }()
				testrun.Until(t, func() bool { return len(ended) > 0 || s.waits(t, direct) },
					func() string { return op.name + " neither waits nor ends" })
				cancel()
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Errorf("%s: error %v", op.name, err)
				}
				if err := holder.Rollback(); err != nil {
					t.Fatal(err)
				}
				r.quiet()
				if after := h.contents().text(); after != before {
					t.Fatalf("%s was applied later:\n%s\nwas\n%s", op.name, after, before)
				}
			}
		})
	}
}

// waits reports whether anybody waits for a lock in the database.
func (s *server) waits(t *testing.T, db *sql.DB) bool {
	t.Helper()
	of := "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
	if s == onMariaDB { // whose innodb_trx would be exact, and is not brought up to date for those who ask often
		of = "SELECT count(*) FROM information_schema.processlist JOIN information_schema.global_status " +
			"WHERE variable_name = 'Innodb_row_lock_current_waits' AND variable_value > 0 " +
			"AND db = database() AND command IN ('Query', 'Execute') AND id <> connection_id()"
	}
	return column(t, db, of)[0] != "0"
}

package dbtest_test

import (
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/sqlstore"
)

// TestPlans asks SQLite how it would run every statement of the store: none reads
// a whole table, but the one that counts the jobs, which are bounded, and the one that
// raises all epochs.
func TestPlans(t *testing.T) {
	for name, ids := range map[string]sqlstore.IDType{
		"numbers": sqlstore.BigInt, "texts": sqlstore.Text, "uuids": sqlstore.UUID, "binary uuids": sqlstore.BinaryUUID,
	} {
		t.Run(name, func(t *testing.T) {
			u := usual
			u.IDType = ids
			file := filepath.Join(t.TempDir(), "host.db")
			db, f := openFaulty(t, file)
			h := newHostOn(t, db, u)
			for _, column := range []string{"username", "email", "mobile"} {
				h.exec("CREATE INDEX users_" + column + " ON users (tenant, lower(" + column + "))")
			}
			f.texts = nil
			if err := h.store.Verify(t.Context()); err != nil {
				t.Fatal(err)
			}
			plain := openFile(t, file)
			statements := 0
			for _, text := range f.texts {
				if strings.Contains(text, "pragma_") || strings.Contains(text, "passwd_schema`") || strings.Contains(text, "epoch = epoch + ") {
					continue
				}
				statements++
				for _, step := range plan(t, plain, text) {
					if strings.Contains(text, "coalesce(waiting") && strings.Contains(step, "(waiting=?)") {
						t.Errorf("%s\n\treads all that have none in waiting: %s", step, text)
					}
					if strings.HasPrefix(step, "SCAN") && !strings.HasSuffix(step, "CONSTANT ROW") && !strings.HasSuffix(step, "CONSTANT ROWS") && !strings.HasSuffix(step, "VALUES CLAUSE") &&
						!slices.Contains([]string{"SCAN want", "SCAN w", "SCAN new", "SCAN again", "SCAN one"}, step) && // values, and results
						text != "SELECT count(*) FROM `passwd_job`" {
						t.Errorf("%s\n\tof %s", step, text)
					}
				}
			}
			if statements < 57 {
				t.Errorf("saw %d statements", statements)
			}
		})
	}
}

func plan(t *testing.T, db *sql.DB, text string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, slices.Repeat([]any{1}, strings.Count(text, "?"))...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, detail)
	}
	return steps
}

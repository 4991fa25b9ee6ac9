package dbtest_test

import (
	"sync"
	"testing"

	"github.com/passwd-go/passwd/sqlstore"
)

// Replicas that start together on an empty database migrate it, with a lock and
// without one.
func TestServerMigrateAtOnce(t *testing.T) {
	for _, s := range []*server{onPostgres, onPQ, onMariaDB} {
		for name, plain := range map[string]bool{"locked": false, "plain": true} {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				db := s.open(t)
				mustExec(t, db, s.createUsers(usual))
				var started sync.WaitGroup
				for range 8 {
					store, err := sqlstore.New(db, sqlstore.Config{Dialect: s.dialect, Users: usual, Plain: plain})
					if err != nil {
						t.Fatal(err)
					}
					started.Go(func() {
						if err := store.Migrate(t.Context()); err != nil {
							t.Error(err)
						}
						if err := store.Verify(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
				started.Wait()
			})
		}
	}
}

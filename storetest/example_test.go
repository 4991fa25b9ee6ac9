package storetest_test

import (
	"context"
	"fmt"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/storetest"
)

// Check runs the suite outside go test: against a staging database, say.
func ExampleCheck() {
	err := storetest.Check(storetest.Fixture{
		Open: func() (passwd.Store, error) { return memstore.New(), nil },
		Seed: func(_ context.Context, s passwd.Store, accounts ...passwd.Account) error {
			for _, a := range accounts {
				// The host updates its row, or inserts it if it has none yet.
				users := s.(*memstore.Store)
				if users.Update(a.Ref, func(row *passwd.Account) { *row = a }) != nil {
					users.Set(a)
				}
			}
			return nil
		},
	})
	fmt.Println(err)
	// Output: <nil>
}

package memstore_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
)

// Two writers have read the same account: the first one wins, and nothing of the
// other one remains.
func Example() {
	ctx := context.Background()
	store := memstore.New(passwd.Account{
		Ref:      passwd.Ref{ID: "1"},
		Username: "ada",
		Hash:     "$argon2id$v=19$…first",
		Active:   true,
	})

	found, err := store.Find(ctx, passwd.Login{Kind: passwd.Username, Value: passwd.Fold(" Ada ")}, 2)
	if err != nil || len(found) != 1 {
		fmt.Println(len(found), err)
		return
	}
	read := found[0]
	for _, hash := range []passwd.Hash{"$argon2id$v=19$…second", "$argon2id$v=19$…third"} {
		_, err := store.Apply(ctx, passwd.Write{
			Account: read.Ref,
			IfHash:  read.Hash,
			IfEpoch: read.Epoch,
			IfMust:  read.Must,
			NewHash: hash,
			History: 5,
			Now:     time.Now(),
		})
		fmt.Println("conflict:", errors.Is(err, passwd.ErrConflict))
	}

	now, err := store.Get(ctx, read.Ref)
	fmt.Println(string(now.Hash), err)
	// Output:
	// conflict: false
	// conflict: true
	// $argon2id$v=19$…second <nil>
}

// A test plays the host that writes to its own users table.
func ExampleStore_Update() {
	ref := passwd.Ref{Tenant: "north", ID: "1"}
	store := memstore.New(passwd.Account{Ref: ref, Username: "ada"})
	err := store.Update(ref, func(a *passwd.Account) {
		a.Disabled = true
	})
	fmt.Println(err)

	account, err := store.Get(context.Background(), ref)
	fmt.Println(account.Disabled, err)
	// Output:
	// <nil>
	// true <nil>
}

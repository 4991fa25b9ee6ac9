package pgxstore_test

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/sqlstore"
	"github.com/passwd-go/passwd/sqlstore/pgxstore"
)

// A sign-up: the user and the password are there together, or not at all. A change of
// an address would call Revoke, a deletion Forget.
func ExampleStore_Within() {
	signUp := func(ctx context.Context, pool *pgxpool.Pool, store *pgxstore.Store, service *passwd.Service, email, password string) error {
		return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			var id string
			err := tx.QueryRow(ctx, "INSERT INTO users (email) VALUES ($1) RETURNING id::text", email).Scan(&id)
			if err != nil {
				return err
			}
			_, err = service.With(store.Within(tx)).SetFirst(ctx, passwd.Ref{ID: id}, password, passwd.Client{})
			return err
		})
	}
	_ = signUp
}

// The limiter has a pool of its own, so that calls which count can be made in
// transactions of the host's.
func ExampleNew() {
	open := func(ctx context.Context, pool *pgxpool.Pool, config passwd.Config) (*passwd.Service, error) {
		mapping := sqlstore.Config{Users: sqlstore.Users{Table: "users", ID: "id", IDType: sqlstore.UUID, Email: "email", Hash: "password_hash"}}
		store, err := pgxstore.New(pool, mapping)
		if err != nil {
			return nil, err
		}
		few := pool.Config()
		few.MaxConns = 2
		apart, err := pgxpool.NewWithConfig(ctx, few)
		if err != nil {
			return nil, err
		}
		limiter, err := pgxstore.New(apart, mapping)
		if err != nil {
			return nil, err
		}
		config.Store, config.Limiter = store, limiter
		return passwd.New(config)
	}
	_ = open
}

package dbtest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/jmoiron/sqlx"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/sqlstore"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// stack is a host that has its database by a library, as docs/databases.md shows.
type stack struct {
	store  passwd.Store
	signUp func(ctx context.Context, service *passwd.Service, email, password string) error
	// outdated reads a user, calls meanwhile, and writes the user back with another address.
	outdated func(ctx context.Context, meanwhile func(), email string) error
}

func stackService(t *testing.T, store passwd.Store) *passwd.Service {
	t.Helper()
	service, err := passwd.New(passwd.Config{
		Store: store, Limiter: passwd.NewMemoryLimiter(0), Keys: passwd.RandomKeys(), Notify: &passwdtest.Mailbox{}, Hasher: passwdtest.Hasher{},
		Links: passwd.Links{Base: "https://example.com/account/password"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

func openGorm(t *testing.T, db *sql.DB, config gorm.Config) *gorm.DB {
	t.Helper()
	config.Logger = logger.Discard
	g, err := gorm.Open(gormpostgres.New(gormpostgres.Config{Conn: db}), &config)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestDatabases signs up by each of the libraries: user and password are there together or
// not at all, and what is written back later leaves the password alone.
func TestDatabases(t *testing.T) {
	const createTable = "CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, password_hash varchar(255))"
	made := func(t *testing.T, store *sqlstore.Store, err error) *sqlstore.Store {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
	overGorm := func(config gorm.Config) func(*testing.T, *sql.DB) stack {
		return func(t *testing.T, db *sql.DB) stack {
			g := openGorm(t, db, config)
			store, err := gormStore(g)
			store = made(t, store, err)
			return stack{
				store: store,
				signUp: func(ctx context.Context, service *passwd.Service, email, password string) error {
					return gormSignUp(ctx, g, store, service, email, password)
				},
				outdated: func(ctx context.Context, meanwhile func(), email string) error {
					var user gormUser
					if err := g.First(&user).Error; err != nil {
						return err
					}
					meanwhile()
					user.Email = email
					return g.Save(&user).Error
				},
			}
		}
	}
	for name, open := range map[string]func(*testing.T, *sql.DB) stack{
		"pgx": func(t *testing.T, db *sql.DB) stack {
			h := &pgxHost{host: &host{t: t, on: onPostgres, db: db}}
			pool := h.newPool(4)
			store, err := pgxStore(pool)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { store.Close() })
			return stack{store: store, signUp: func(ctx context.Context, service *passwd.Service, email, password string) error {
				return pgxSignUp(ctx, pool, store, service, email, password)
			}}
		},
		"gorm":           overGorm(gorm.Config{}),
		"gorm, prepared": overGorm(gorm.Config{PrepareStmt: true}),
		"sqlx": func(t *testing.T, db *sql.DB) stack {
			x := sqlx.NewDb(db, "pgx")
			store, err := sqlxStore(x)
			store = made(t, store, err)
			return stack{store: store, signUp: func(ctx context.Context, service *passwd.Service, email, password string) error {
				return sqlxSignUp(ctx, x, store, service, email, password)
			}}
		},
		"ent": func(t *testing.T, db *sql.DB) stack {
			store, err := entStore(entsql.OpenDB(dialect.Postgres, db))
			store = made(t, store, err)
			return stack{store: store, signUp: func(ctx context.Context, service *passwd.Service, email, password string) error {
				return entSignUp(ctx, db, store, service, email, password)
			}}
		},
		"bun": func(t *testing.T, db *sql.DB) stack {
			b := bun.NewDB(db, pgdialect.New())
			store, err := bunStore(b)
			store = made(t, store, err)
			return stack{
				store: store,
				signUp: func(ctx context.Context, service *passwd.Service, email, password string) error {
					return bunSignUp(ctx, b, store, service, email, password)
				},
				outdated: func(ctx context.Context, meanwhile func(), email string) error {
					var user bunUser
					if err := b.NewSelect().Model(&user).Limit(1).Scan(ctx); err != nil {
						return err
					}
					meanwhile()
					user.Email = email
					_, err := b.NewUpdate().Model(&user).WherePK().Exec(ctx)
					return err
				},
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, db := t.Context(), onPostgres.open(t)
			mustExec(t, db, createTable)
			host := open(t, db)
			migrator := host.store.(interface {
				Migrate(context.Context) error
				Verify(context.Context) error
			})
			if err := errors.Join(migrator.Migrate(ctx), migrator.Verify(ctx)); err != nil {
				t.Fatal(err)
			}
			service := stackService(t, host.store)
			err := host.signUp(ctx, service, "ada@example.com", "short")
			if _, ok := errors.AsType[*passwd.PolicyError](err); !ok {
				t.Errorf("a weak password: %v", err)
			}
			if left := column(t, db, "SELECT email FROM users"); len(left) > 0 {
				t.Errorf("%v is there without a password", left)
			}
			const first, second = "notes on the analytical engine", "weaving algebraical patterns"
			if err := host.signUp(ctx, service, "ada@example.com", first); err != nil {
				t.Fatal(err)
			}
			signIn := func(email, password string) (passwd.SignedIn, error) {
				return service.SignIn(ctx, passwd.SignIn{Login: passwd.Login{Kind: passwd.Email, Value: email}, Password: password})
			}
			in, err := signIn("ada@example.com", first)
			if err != nil {
				t.Fatal(err)
			}
			if host.outdated == nil {
				return // writes the columns that it names
			}
			err = host.outdated(ctx, func() {
				if _, err := service.Change(ctx, passwd.Change{Account: in.Account, Current: first, New: second}); err != nil {
					t.Error(err)
				}
			}, "ada@example.org")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := signIn("ada@example.org", second); err != nil {
				t.Errorf("after the user was written back: %v", err)
			}
		})
	}
}

// What docs/databases.md warns of: Save writes back what it has read, and AutoMigrate makes
// the column as wide as the tag says.
func TestGormPitfalls(t *testing.T) {
	ctx, db := t.Context(), onPostgres.open(t)
	g := openGorm(t, db, gorm.Config{})
	if err := g.AutoMigrate(&gormUser{}); err != nil {
		t.Fatal(err)
	}
	store, err := gormStore(g)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(store.Migrate(ctx), store.Verify(ctx)); err != nil {
		t.Fatal(err)
	}
	if err := g.AutoMigrate(&gormUser{}); err != nil || store.Verify(ctx) != nil {
		t.Errorf("AutoMigrate once more: %v, %v", err, store.Verify(ctx))
	}
	service := stackService(t, store)
	if err := gormSignUp(ctx, g, store, service, "ada@example.com", "notes on the analytical engine"); err != nil {
		t.Fatal(err)
	}
	before := column(t, db, "SELECT password_hash FROM users")[0]

	type plain struct { // without the tag
		ID           int64
		Email        string
		PasswordHash string
	}
	var user plain
	if err := g.Table("users").First(&user).Error; err != nil {
		t.Fatal(err)
	}
	_, err = service.Change(ctx, passwd.Change{Account: ref(user.ID), Current: "notes on the analytical engine", New: "weaving algebraical patterns"})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Table("users").Save(&user).Error; err != nil {
		t.Fatal(err)
	}
	if now := column(t, db, "SELECT password_hash FROM users")[0]; now != before {
		t.Error("Save has not written the old hash back: the document warns of nothing")
	}

	type narrow struct {
		ID           int64
		Email        string
		PasswordHash string `gorm:"size:60"`
	}
	mustExec(t, db, "UPDATE users SET password_hash = NULL")
	if err := g.Table("users").AutoMigrate(&narrow{}); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("sqlstore: Users.Hash: column %q takes 60 characters; a hash needs up to 255", "password_hash")
	if err := store.Verify(ctx); err == nil || err.Error() != want {
		t.Errorf("Verify: %v, want %s", err, want)
	}
}

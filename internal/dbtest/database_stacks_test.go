package dbtest_test

import (
	"context"
	"database/sql"
	"strconv"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jmoiron/sqlx"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/sqlstore"
	"github.com/passwd-go/passwd/sqlstore/pgxstore"
	"github.com/uptrace/bun"
	"gorm.io/gorm"
)

// docs:users
// CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, password_hash varchar(255))
var users = sqlstore.Config{
	Dialect: sqlstore.PostgreSQL,
	Users:   sqlstore.Users{Table: "users", ID: "id", IDType: sqlstore.BigInt, Email: "email", Hash: "password_hash"},
}

func ref(id int64) passwd.Ref { return passwd.Ref{ID: strconv.FormatInt(id, 10)} }

// docs:end

// docs:pgx
func pgxStore(pool *pgxpool.Pool) (*pgxstore.Store, error) { return pgxstore.New(pool, users) }

func pgxSignUp(ctx context.Context, pool *pgxpool.Pool, store *pgxstore.Store, service *passwd.Service, email, password string) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		var id int64
		if err := tx.QueryRow(ctx, "INSERT INTO users (email) VALUES ($1) RETURNING id", email).Scan(&id); err != nil {
			return err
		}
		_, err := service.With(store.Within(tx)).SetFirst(ctx, ref(id), password, passwd.Client{})
		return err
	})
}

// docs:end

// docs:gorm
func gormStore(db *gorm.DB) (*sqlstore.Store, error) {
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	return sqlstore.New(pool, users)
}

// gormUser has a hash that GORM reads and never writes: see below.
type gormUser struct {
	ID           int64
	Email        string
	PasswordHash *string `gorm:"type:varchar(255);<-:false"`
}

func (gormUser) TableName() string { return "users" }

func gormSignUp(ctx context.Context, db *gorm.DB, store *sqlstore.Store, service *passwd.Service, email, password string) error {
	return db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		user := gormUser{Email: email}
		if err := tx.Create(&user).Error; err != nil {
			return err
		}
		_, err := service.With(store.Within(tx.Statement.ConnPool)).SetFirst(ctx, ref(user.ID), password, passwd.Client{})
		return err
	})
}

// docs:end

// docs:sqlx
func sqlxStore(db *sqlx.DB) (*sqlstore.Store, error) { return sqlstore.New(db.DB, users) }

func sqlxSignUp(ctx context.Context, db *sqlx.DB, store *sqlstore.Store, service *passwd.Service, email, password string) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var id int64
	if err := tx.GetContext(ctx, &id, "INSERT INTO users (email) VALUES ($1) RETURNING id", email); err != nil {
		return err
	}
	if _, err := service.With(store.Within(tx.Tx)).SetFirst(ctx, ref(id), password, passwd.Client{}); err != nil {
		return err
	}
	return tx.Commit()
}

// docs:end

// docs:ent
func entStore(driver *entsql.Driver) (*sqlstore.Store, error) {
	return sqlstore.New(driver.DB(), users)
}

func entSignUp(ctx context.Context, db *sql.DB, store *sqlstore.Store, service *passwd.Service, email, password string) error {
	tx, err := db.BeginTx(ctx, nil) // ent's own transactions do not say what they are
	if err != nil {
		return err
	}
	defer tx.Rollback()
	driver := entsql.NewDriver(dialect.Postgres, entsql.Conn{ExecQuerier: tx}) // client := ent.NewClient(ent.Driver(driver))
	id, err := entInsert(ctx, driver, email)                                   // client.User.Create().SetEmail(email).Save(ctx)
	if err != nil {
		return err
	}
	if _, err := service.With(store.Within(tx)).SetFirst(ctx, ref(id), password, passwd.Client{}); err != nil {
		return err
	}
	return tx.Commit()
}

// docs:end

// entInsert is what the generated code does.
func entInsert(ctx context.Context, driver dialect.Driver, email string) (id int64, err error) {
	query, args := entsql.Dialect(dialect.Postgres).Insert("users").Columns("email").Values(email).Returning("id").Query()
	rows := &entsql.Rows{}
	if err := driver.Query(ctx, query, args, rows); err != nil {
		return 0, err
	}
	defer rows.Close()
	return entsql.ScanInt64(rows)
}

// docs:bun
func bunStore(db *bun.DB) (*sqlstore.Store, error) { return sqlstore.New(db.DB, users) }

// bunUser has a hash that bun reads and never writes.
type bunUser struct {
	bun.BaseModel `bun:"table:users"`
	ID            int64 `bun:",pk,autoincrement"`
	Email         string
	PasswordHash  string `bun:",scanonly"`
}

func bunSignUp(ctx context.Context, db *bun.DB, store *sqlstore.Store, service *passwd.Service, email, password string) error {
	return db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		user := bunUser{Email: email}
		if _, err := tx.NewInsert().Model(&user).Exec(ctx); err != nil {
			return err
		}
		_, err := service.With(store.Within(tx.Tx)).SetFirst(ctx, ref(user.ID), password, passwd.Client{})
		return err
	})
}

// docs:end

package dbtest_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"
)

// emptyDatabases are those on PostgreSQL that no test has at the moment. To create
// and to drop one takes the server as long as many a test: what a test leaves is
// emptied, and the next gets it.
var emptyDatabases struct {
	sync.Mutex
	free []string
	made []string
}

// postgresAddress is where PostgreSQL is.
func postgresAddress() string {
	return setting("PASSWD_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable")
}

// on is the URL of another database of the same server.
func on(address, name string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err == nil {
		u.Path = "/" + name
	}
	return u, err
}

// postgresDatabase returns the URL under which both drivers find an empty database.
func postgresDatabase(t testing.TB) string {
	t.Helper()
	name := takeDatabase(t)
	t.Cleanup(func() {
		if empty(name) == nil {
			emptyDatabases.Lock()
			defer emptyDatabases.Unlock()
			emptyDatabases.free = append(emptyDatabases.free, name)
		}
	})
	own, err := on(postgresAddress(), name)
	if err != nil {
		t.Fatal(err)
	}
	query := own.Query()
	query.Set("synchronous_commit", "off") // no test loses power
	own.RawQuery = query.Encode()
	return own.String()
}

func takeDatabase(t testing.TB) string {
	t.Helper()
	emptyDatabases.Lock()
	defer emptyDatabases.Unlock()
	if n := len(emptyDatabases.free); n > 0 {
		name := emptyDatabases.free[n-1]
		emptyDatabases.free = emptyDatabases.free[:n-1]
		return name
	}
	admin, err := sql.Open("pgx", postgresAddress())
	if err == nil {
		defer admin.Close()
		err = admin.PingContext(t.Context())
	}
	unavailable(t, "postgres", err)
	name := fmt.Sprintf("passwd_test_%d_%d", os.Getpid(), databases.Add(1))
	mustExec(t, admin, "CREATE DATABASE "+name)
	emptyDatabases.made = append(emptyDatabases.made, name)
	return name
}

// empty makes a database as new. What a test has left open in it is ended first.
func empty(name string) error {
	u, err := on(postgresAddress(), name)
	if err != nil {
		return err
	}
	db, err := sql.Open("pgx", u.String())
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, statement := range []string{
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
		"DROP SCHEMA public CASCADE", "CREATE SCHEMA public",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// dropDatabases is for the end of the tests.
func dropDatabases() {
	emptyDatabases.Lock()
	defer emptyDatabases.Unlock()
	if len(emptyDatabases.made) == 0 {
		return
	}
	admin, err := sql.Open("pgx", postgresAddress())
	if err != nil {
		return
	}
	defer admin.Close()
	for _, name := range emptyDatabases.made {
		admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
	}
}

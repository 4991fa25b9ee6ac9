package main

import (
	"context"
	"database/sql"
	"fmt"
	"hash/crc32"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/pwhash"
)

// kind is a kind of database that the demo runs on.
type kind struct {
	name  string
	fresh func(testing.TB) (url string) // an empty one, which goes with the test
}

// kinds are those that a test runs on. With -short it is SQLite alone. The everyday
// run has SQLite and one of the servers: half of the tests run on the one, and half
// on the other.
func kinds(t testing.TB) []kind {
	all := []kind{{"sqlite", freshFile}, {"postgres", freshPostgres}, {"mariadb", freshMariaDB}}
	switch n := 1 + crc32.ChecksumIEEE([]byte(t.Name()))%2; {
	case testing.Short():
		return all[:1]
	case !testrun.CI():
		return []kind{all[0], all[n]}
	}
	return all
}

// onEach runs a test on each kind of database, on a server over the demo accounts.
func onEach(t *testing.T, test func(*testing.T, *running), args ...string) {
	t.Helper()
	t.Parallel()
	for _, k := range kinds(t) {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			test(t, serveOn(t, k.seeded(t), args...))
		})
	}
}

func freshFile(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "demo.sqlite")
}

var databases atomic.Int64

// databaseName is one that no other test has, nor another process.
func databaseName() string {
	return fmt.Sprintf("passwd_server_%d_%d", os.Getpid(), databases.Add(1))
}

func freshPostgres(t testing.TB) string { return postgresLike(t, "template1") }

// postgresLike is a copy of another database.
func postgresLike(t testing.TB, template string) string {
	t.Helper()
	admin, err := sql.Open("pgx", postgresURL(""))
	if err != nil {
		t.Fatal(err)
	}
	name := databaseName()
	create(t, "postgres", admin, "CREATE DATABASE "+name+" TEMPLATE "+template, "DROP DATABASE "+name+" WITH (FORCE)")
	return postgresURL(name)
}

// postgresURL is that of a database of the server that the tests use, and with "" of
// the one to begin at.
func postgresURL(name string) string {
	address := setting("PASSWD_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable")
	u, err := url.Parse(address)
	if err != nil || name == "" {
		return address
	}
	u.Path = "/" + name
	query := u.Query()
	query.Set("synchronous_commit", "off") // no test loses power
	u.RawQuery = query.Encode()
	return u.String()
}

func freshMariaDB(t testing.TB) string {
	t.Helper()
	config, err := mysql.ParseDSN(setting("PASSWD_TEST_MARIADB", "root@tcp(127.0.0.1:3306)/test"))
	if err != nil {
		t.Fatal(err)
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	name := databaseName()
	create(t, "mariadb", sql.OpenDB(connector), "CREATE DATABASE "+name, "DROP DATABASE "+name)
	own := url.URL{Scheme: "mysql", User: url.UserPassword(config.User, config.Passwd), Host: config.Addr, Path: "/" + name}
	return own.String()
}

// create makes a database for as long as the test runs. It skips the test if the
// server does not answer, unless that is required.
func create(t testing.TB, server string, admin *sql.DB, create, drop string) {
	t.Helper()
	t.Cleanup(func() { admin.Close() })
	unavailable(t, server, admin.PingContext(t.Context()))
	if _, err := admin.ExecContext(t.Context(), create); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), drop); err != nil {
			t.Error(err)
		}
	})
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// unavailable skips a test that lacks something, unless PASSWD_TEST_REQUIRE names it.
func unavailable(t testing.TB, name string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if slices.Contains(strings.Split(os.Getenv("PASSWD_TEST_REQUIRE"), ","), name) {
		t.Fatalf("%s is required: %v", name, err)
	}
	t.Skipf("needs %s: %v", name, err)
}

// seeded is a database with the demo accounts, for servers that run in the test.
func (k kind) seeded(t *testing.T) (url string) {
	t.Helper()
	switch k.name {
	case "sqlite":
		return copyOf(t, seededCheaply)
	case "postgres":
		return copyOfPostgres(t)
	}
	url = k.fresh(t)
	if err := fill(t.Context(), url, cheapHasher{}); err != nil {
		t.Fatal(err)
	}
	return url
}

// seededPostgres is a database with the demo accounts, made by the first test that
// needs it. TestMain drops it.
var seededPostgres struct {
	sync.Mutex
	name string
}

func copyOfPostgres(t *testing.T) (url string) {
	t.Helper()
	seededPostgres.Lock() // a database that is copied must have nobody in it
	defer seededPostgres.Unlock()
	if seededPostgres.name == "" {
		admin := must(sql.Open("pgx", postgresURL("")))
		defer admin.Close()
		unavailable(t, "postgres", admin.PingContext(t.Context()))
		name := databaseName()
		if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
			t.Fatal(err)
		}
		seededPostgres.name = name
		if err := fill(t.Context(), postgresURL(name), cheapHasher{}); err != nil {
			t.Fatal(err)
		}
	}
	return postgresLike(t, seededPostgres.name)
}

func dropSeeded() {
	if seededPostgres.name == "" {
		return
	}
	admin := must(sql.Open("pgx", postgresURL("")))
	defer admin.Close()
	admin.Exec("DROP DATABASE " + seededPostgres.name + " WITH (FORCE)")
}

// seededForPrograms has real hashes.
func (k kind) seededForPrograms(t *testing.T) (url string) {
	t.Helper()
	if k.name == "sqlite" {
		return copyOf(t, seeded)
	}
	url = k.fresh(t)
	if err := fill(t.Context(), url, nil); err != nil {
		t.Fatal(err)
	}
	return url
}

// SQLite files with the demo accounts, made once and copied by each test: with
// real hashes, for programs, and with cheap ones.
var (
	seeded        = sync.OnceValues(func() ([]byte, error) { return seedFile(nil) })
	seededCheaply = sync.OnceValues(func() ([]byte, error) { return seedFile(cheapHasher{}) })
)

func seedFile(hasher pwhash.Hasher) ([]byte, error) {
	folder, err := os.MkdirTemp("", "passwd-test-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "seed.sqlite")
	if err := fill(context.Background(), "sqlite:"+file, hasher); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

// fill does to a database what a server does that starts.
func fill(ctx context.Context, url string, hasher pwhash.Hasher) error {
	db, err := openDatabase(ctx, url)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = newSite(ctx, options{hasher: hasher}, db, "http://127.0.0.1:1", io.Discard)
	return err
}

func copyOf(t *testing.T, seeded func() ([]byte, error)) (url string) {
	t.Helper()
	content, err := seeded()
	if err != nil {
		t.Fatal(err)
	}
	url = freshFile(t)
	if err := os.WriteFile(strings.TrimPrefix(url, "sqlite:"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return url
}

// open opens a database behind the servers' back.
func open(t testing.TB, url string) *database {
	t.Helper()
	db, err := connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

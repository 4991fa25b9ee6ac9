//go:build unix

package dbtest_test

import (
	"database/sql"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/lib/pq"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/storetest"
)

// startPgBouncer starts one in transaction mode in front of the tests' PostgreSQL, with
// few enough connections that a client's statements do not stay on one. It returns its
// port.
func startPgBouncer(t testing.TB) int {
	t.Helper()
	bin := program(t, "pgbouncer", "pgbouncer", "/usr/sbin/pgbouncer")
	behind, err := url.Parse(postgresAddress())
	if err != nil {
		t.Fatal(err)
	}
	s := newOwnServer(t, "postgres")
	port := behind.Port()
	if port == "" {
		port = "5432"
	}
	server := fmt.Sprintf("host=%s port=%s user=%s", behind.Hostname(), port, behind.User.Username())
	if password, set := behind.User.Password(); set {
		server += " password=" + password
	}
	settings := s.write("pgbouncer.ini", fmt.Sprintf(`[databases]
* = %s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 8
max_client_conn = 500
ignore_startup_parameters = extra_float_digits
`, server, s.port))
	s.start(bin, settings)
	admin, err := pq.NewConnector(fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable&binary_parameters=yes", s.port))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(admin)
	defer db.Close()
	s.answers(db)
	return s.port
}

// through is the address of a database, by PgBouncer, which takes no settings of the
// server's from a client.
func through(t testing.TB, port int, settings string) string {
	t.Helper()
	address, err := url.Parse(postgresDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	address.Host = "127.0.0.1:" + strconv.Itoa(port)
	address.User = url.User("postgres")
	address.RawQuery = "sslmode=disable" + settings
	return address.String()
}

func bounced(base *server, open func(testing.TB, string) *sql.DB, port int, settings string) *server {
	s := *base
	s.open = func(t testing.TB) *sql.DB { return pooled(t, open(t, through(t, port, settings))) }
	return &s
}

func openPGX(t testing.TB, address string) *sql.DB {
	t.Helper()
	config, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	return stdlib.OpenDB(*config)
}

func openPQ(t testing.TB, address string) *sql.DB {
	t.Helper()
	connector, err := pq.NewConnector(address)
	if err != nil {
		t.Fatal(err)
	}
	return sql.OpenDB(connector)
}

// TestPgBouncer holds the store to its contract behind a PgBouncer in transaction mode,
// with the settings of drivers that the package comment names for it.
func TestPgBouncer(t *testing.T) {
	testrun.NeedCI(t)
	port := startPgBouncer(t)
	for _, with := range []struct {
		name     string
		on       *server
		open     func(testing.TB, string) *sql.DB
		settings string
		plain    bool
		long     bool
	}{
		{"pgx exec", onPostgres, openPGX, "&default_query_exec_mode=exec", false, false},
		{"pgx simple", onPostgres, openPGX, "&default_query_exec_mode=simple_protocol", false, true},
		{"pgx cache describe", onPostgres, openPGX, "&default_query_exec_mode=cache_describe", false, true},
		{"pq binary", onPQ, openPQ, "&binary_parameters=yes", false, false},
		{"plain", onPostgres, openPGX, "&default_query_exec_mode=exec", true, true},
	} {
		t.Run(with.name, func(t *testing.T) {
			t.Parallel()
			if with.long {
				testrun.NeedLong(t)
			}
			s := bounced(with.on, with.open, port, with.settings)
			s.plain = with.plain
			storetest.Run(t, s.newHost(t, s.open(t), usual).fixture(mappings()[0]))
		})
	}
}

// TestPgBouncerMisfits has the settings with which a driver parses a statement on one
// connection and runs it on another: the error says what to set. There need not be one
// each time: whoever finds another client's statement there may run that.
func TestPgBouncerMisfits(t *testing.T) {
	testrun.NeedCI(t)
	port := startPgBouncer(t)
	for _, with := range []struct {
		name     string
		on       *server
		open     func(testing.TB, string) *sql.DB
		settings string
		advice   string
	}{
		{"pgx", onPostgres, openPGX, "", "default_query_exec_mode=exec"},
		{"pgx describe", onPostgres, openPGX, "&default_query_exec_mode=describe_exec", "default_query_exec_mode=exec"},
		{"pq", onPQ, openPQ, "", "binary_parameters=yes"},
	} {
		t.Run(with.name, func(t *testing.T) {
			good := bounced(onPostgres, openPGX, port, "&default_query_exec_mode=exec")
			h := good.newHost(t, good.open(t), usual)
			a := h.user("1")
			var name string
			if err := h.db.QueryRowContext(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
				t.Fatal(err)
			}
			address := fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable%s", port, name, with.settings)
			store := with.on.store(t, pooled(t, with.open(t, address)), usual)
			var mu sync.Mutex
			var advised error
			testrun.Until(t, func() bool { // how connections are handed out is up to PgBouncer
				outcomes(16, func(i int) (err error) {
					if i%2 == 0 {
						_, err = store.Get(t.Context(), a.Ref)
					} else {
						_, err = store.Find(t.Context(), passwd.Login{Tenant: "north", Kind: passwd.Email, Value: a.Email}, 4)
					}
					mu.Lock()
					defer mu.Unlock()
					if err != nil && strings.Contains(err.Error(), with.advice) {
						advised = err
					}
					return nil
				})
				return advised != nil
			}, func() string { return "nothing fails, or without advice" })
			t.Log(advised)
		})
	}
}

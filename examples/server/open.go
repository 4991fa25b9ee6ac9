package main

import (
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver named "pgx"
	_ "modernc.org/sqlite"             // the driver named "sqlite"
)

// openFresh makes a file that goes when it is closed.
func openFresh() (*database, error) {
	folder, err := os.MkdirTemp("", "passwd-demo-")
	if err != nil {
		return nil, err
	}
	d, err := openSQLite(filepath.Join(folder, "demo.sqlite"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	d.folder = folder
	return d, nil
}

func openSQLite(path string) (*database, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dataSource(path))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(8) // readers; of writers there is one at a time
	db.SetMaxIdleConns(8)
	return &database{DB: db, dialect: sqliteDialect(), where: path}, nil
}

// dataSource sets what SQLite needs for several connections: wait for the writer
// in place of failing at once, a write-ahead log so that readers wait for nobody,
// and the writer's lock at the beginning of each transaction.
func dataSource(path string) string {
	q := url.Values{
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}).String()
}

// openPostgres hands the URL to the driver as it is.
func openPostgres(address string) (*database, error) {
	u, err := parseURL(address)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("pgx", address)
	if err != nil {
		return nil, err
	}
	return pooled(db, postgresDialect(), u), nil
}

func openMySQL(address string) (*database, error) {
	u, err := parseURL(address)
	if err != nil {
		return nil, err
	}
	config, err := mysqlConfig(u)
	if err != nil {
		return nil, fmt.Errorf("-db: %w", err)
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("-db: %w", err)
	}
	return pooled(sql.OpenDB(connector), mysqlDialect(), u), nil
}

// mysqlConfig turns a URL into what the driver has in place of one. The query holds
// parameters of the driver's.
func mysqlConfig(u *url.URL) (*mysql.Config, error) {
	name := strings.TrimPrefix(u.Path, "/")
	if u.Hostname() == "" || name == "" {
		return nil, errors.New("want mysql://user:password@host:3306/database")
	}
	if u.Query().Has("strict") {
		return nil, errors.New("the driver has no parameter strict any more") // it would panic
	}
	port := u.Port()
	if port == "" {
		port = "3306"
	}
	address := net.JoinHostPort(u.Hostname(), port)
	query := strings.ReplaceAll(u.RawQuery, "/", "%2F") // as the driver wants it
	config, err := mysql.ParseDSN(fmt.Sprintf("tcp(%s)/%s?%s", address, url.PathEscape(name), query))
	if err != nil {
		return nil, err
	}
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.Logger = new(mysql.NopLogger) // it would report what is returned as well
	return config, nil
}

// parseURL does not tell what is wrong with a URL: that would repeat a part of it,
// which may be a password.
func parseURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("-db: not a URL; in a password, @ : / ? # and % are written as %40 %3A %2F %3F %23 and %25")
	}
	return u, nil
}

// pooled bounds the connections of one server. As many stay open as may be, or most
// would be opened anew all the time; none grows so old that something between here
// and the database has forgotten it.
func pooled(db *sql.DB, d dialect, u *url.URL) *database {
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	db.SetConnMaxLifetime(5 * time.Minute)
	return &database{DB: db, dialect: d, where: u.Host + u.Path}
}

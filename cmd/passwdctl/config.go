package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/fastargon2"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
	"github.com/passwd-go/passwd/pwhash/yescrypt"
	"github.com/passwd-go/passwd/sqlstore"
	"modernc.org/sqlite"
)

// config is the file. Its strings may be "env:NAME".
type config struct {
	DSN    value `json:"dsn"`
	Key    value `json:"key"`  // base64 of passwd.Keys.Current, for the commands that write messages
	Base   value `json:"base"` // passwd.Links.Base
	Prefix value `json:"prefix"`
	Users  struct {
		Table, Schema, ID              value
		IDType                         value `json:"id_type"`
		Tenant                         value
		TenantType                     value `json:"tenant_type"`
		Username, Email, Mobile        value
		EmailConfirmed                 value `json:"email_confirmed"`
		MobileConfirmed                value `json:"mobile_confirmed"`
		Hash, Locale, Active, Disabled value
		Personal                       []string
		Lookup                         value
		Where                          []struct {
			Column string
			Values []string
		}
		OddNames bool `json:"odd_names"`
	} `json:"users"`

	Accept            []foreign.Format `json:"accept"` // besides what package pwhash reads
	DevisePepper      value            `json:"devise_pepper"`
	FlaskSecuritySalt value            `json:"flask_security_salt"`
	SpringSecret      value            `json:"spring_secret"`
	SchemeSecret      value            `json:"scheme_secret"`
	Latin1            bool             `json:"latin1"`
	Firebase          struct {
		SignerKey     value  `json:"signer_key"`
		SaltSeparator value  `json:"salt_separator"`
		Rounds        uint64 `json:"rounds"`
		MemCost       uint64 `json:"mem_cost"`
	} `json:"firebase"`
	Bounds pwhash.Bounds                `json:"bounds"`
	Argon2 struct{ KiB, Passes uint32 } `json:"argon2"` // of new hashes
}

// value is a string of the file, or of the environment.
type value string

func (v *value) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	if name, ok := strings.CutPrefix(s, "env:"); ok {
		if s, ok = os.LookupEnv(name); !ok {
			return fmt.Errorf("the environment has no %s", name)
		}
	}
	*v = value(s)
	return nil
}

// load reads the file, if there is one.
func (o *options) load() (config, error) {
	var c config
	if o.config != "" {
		b, err := os.ReadFile(o.config)
		if err != nil {
			return c, usage("config: %w", err)
		}
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			return c, usage("config %s: %w", o.config, err)
		}
	}
	if dsn := os.Getenv("PASSWDCTL_DSN"); dsn != "" {
		c.DSN = value(dsn)
	}
	if o.dsn != "" {
		if hasPassword(o.dsn) {
			return c, usage("--dsn has a password in it, which everybody on the machine can read: put the connection string into PASSWDCTL_DSN")
		}
		c.DSN = value(o.dsn)
	}
	return c, nil
}

// hasPassword reports a password in a connection string; what it cannot read has none.
func hasPassword(dsn string) bool {
	switch dialectOf(dsn) {
	case sqlstore.PostgreSQL:
		saved := os.Getenv("PGPASSWORD")
		os.Unsetenv("PGPASSWORD") // which may stand beside it
		defer func() {
			if saved != "" {
				os.Setenv("PGPASSWORD", saved)
			}
		}()
		c, err := pgx.ParseConfig(dsn)
		return err == nil && c.Password != "" && strings.Contains(dsn, c.Password)
	case sqlstore.MySQL:
		c, err := mysql.ParseDSN(strings.TrimPrefix(dsn, "mysql://"))
		return err == nil && c.Passwd != ""
	}
	return false
}

func dialectOf(dsn string) sqlstore.Dialect {
	switch {
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		return sqlstore.PostgreSQL
	case strings.HasPrefix(dsn, "mysql://"), strings.Contains(dsn, "@tcp("), strings.Contains(dsn, "@unix("):
		return sqlstore.MySQL
	case strings.HasPrefix(dsn, "sqlite:"), strings.HasPrefix(dsn, "file:"):
		return sqlstore.SQLite
	}
	return ""
}

var idTypes = map[value]sqlstore.IDType{
	"": 0, "text": sqlstore.Text, "bigint": sqlstore.BigInt, "uuid": sqlstore.UUID, "binary_uuid": sqlstore.BinaryUUID,
}

var lookups = map[value]sqlstore.Lookup{"": sqlstore.LookupDefault, "column": sqlstore.LookupColumn, "lower": sqlstore.LookupLower}

// mapping is that of the file, for sqlstore.
func (c config) mapping() (sqlstore.Config, error) {
	u := c.Users
	idType, ok1 := idTypes[u.IDType]
	tenantType, ok2 := idTypes[u.TenantType]
	lookup, ok3 := lookups[u.Lookup]
	switch {
	case u.Table == "":
		return sqlstore.Config{}, usage("no mapping of the users table: see passwdctl help, and give --config")
	case !ok1 || !ok2:
		return sqlstore.Config{}, usage("config: id_type and tenant_type are text, bigint, uuid or binary_uuid")
	case u.IDType == "" || u.TenantType == "" && u.Tenant != "":
		return sqlstore.Config{}, usage("config: id_type, and tenant_type with tenant, is required: text, bigint, uuid or binary_uuid")
	case !ok3:
		return sqlstore.Config{}, usage("config: lookup is column or lower")
	}
	users := sqlstore.Users{
		Table: string(u.Table), Schema: string(u.Schema), ID: string(u.ID), IDType: idType,
		Tenant: string(u.Tenant), TenantType: tenantType, Username: string(u.Username), Email: string(u.Email), Mobile: string(u.Mobile),
		Lookup: lookup, EmailConfirmed: string(u.EmailConfirmed), MobileConfirmed: string(u.MobileConfirmed), Hash: string(u.Hash),
		Locale: string(u.Locale), Active: string(u.Active), Disabled: string(u.Disabled), Personal: u.Personal, OddNames: u.OddNames,
	}
	for _, w := range u.Where {
		users.Where = append(users.Where, sqlstore.Condition{Column: w.Column, Values: w.Values})
	}
	return sqlstore.Config{Dialect: dialectOf(string(c.DSN)), Users: users, Prefix: string(c.Prefix)}, nil
}

// opened is the database with what the file says about it.
type opened struct {
	config config
	db     *sql.DB
	store  *sqlstore.Store
	table  *table
}

func (o *options) open(ctx context.Context) (*opened, error) {
	c, err := o.load()
	if err != nil {
		return nil, err
	}
	mapping, err := c.mapping()
	if err != nil {
		return nil, err
	}
	db, err := openDSN(ctx, string(c.DSN))
	if err != nil {
		return nil, err
	}
	store, err := sqlstore.New(db, mapping)
	if err != nil {
		return nil, errors.Join(usage("%w", err), db.Close())
	}
	return &opened{config: c, db: db, store: store, table: newTable(db, mapping)}, nil
}

func (o *opened) close() { o.db.Close() }

// openDSN connects. Its errors have nothing of the connection string in them.
func openDSN(ctx context.Context, dsn string) (*sql.DB, error) {
	var db *sql.DB
	switch dialectOf(dsn) {
	case sqlstore.PostgreSQL:
		c, err := pgx.ParseConfig(dsn)
		if err != nil {
			return nil, usage("the connection string is not one of PostgreSQL")
		}
		db = stdlib.OpenDB(*c)
	case sqlstore.MySQL:
		c, err := mysql.ParseDSN(strings.TrimPrefix(dsn, "mysql://"))
		if err != nil {
			return nil, usage("the connection string is not one of MySQL: user@tcp(host:3306)/database")
		}
		c.InterpolateParams = true
		connector, err := mysql.NewConnector(c)
		if err != nil {
			return nil, usage("the connection string is not one of MySQL: user@tcp(host:3306)/database")
		}
		db = sql.OpenDB(connector)
	case sqlstore.SQLite:
		file := dsn
		if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
			file = "file:" + strings.NewReplacer("%", "%25", "#", "%23", "?", "%3f").Replace(path)
		}
		if !strings.Contains(file, "?") {
			file += "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_txlock=immediate"
		}
		var err error
		if db, err = sql.Open("sqlite", file); err != nil {
			return nil, err
		}
	case "":
		if dsn == "" {
			return nil, usage("no connection string: set PASSWDCTL_DSN, or dsn in the file of --config")
		}
		return nil, usage("the connection string is none: postgres://…, user@tcp(host:3306)/database or sqlite:FILE")
	}
	db.SetMaxOpenConns(8)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connecting: %w", err), db.Close())
	}
	return db, nil
}

var _ = sqlite.Driver{} // registers itself

// argon2 has the variants of Argon2 that golang.org/x/crypto does not have.
var argon2 = fastargon2.New(fastargon2.Config{})

// hasher verifies what the file accepts; everything that needs no secret if it accepts nothing.
func (c config) hasher() foreign.Hasher {
	h := foreign.Hasher{
		Base: pwhash.Argon2id{KiB: c.Argon2.KiB, Passes: c.Argon2.Passes}, Accept: c.Accept, Bounds: c.Bounds,
		Custom:       []foreign.Custom{yescrypt.Format(c.Bounds)},
		Argon2Key:    argon2.Key,
		DevisePepper: string(c.DevisePepper), FlaskSecuritySalt: string(c.FlaskSecuritySalt), SpringSecret: string(c.SpringSecret),
		SchemeSecret: string(c.SchemeSecret), Latin1: c.Latin1,
		Firebase: foreign.FirebaseParams{
			SignerKey: string(c.Firebase.SignerKey), SaltSeparator: string(c.Firebase.SaltSeparator),
			Rounds: c.Firebase.Rounds, MemCost: c.Firebase.MemCost,
		},
	}
	if len(h.Accept) == 0 {
		h.Accept = usable(h)
	}
	return h
}

// usable are the formats whose secrets a hasher has.
func usable(h foreign.Hasher) []foreign.Format {
	var all []foreign.Format
	for _, f := range foreign.Formats() {
		h.Accept = []foreign.Format{f}
		if h.Validate() == nil {
			all = append(all, f)
		}
	}
	return all
}

// service is a passwd.Service over the store, for the commands about accounts. It runs no
// worker: the messages that it makes are delivered by the service that does.
func (o *opened) service() (*passwd.Service, error) {
	key, err := base64.StdEncoding.DecodeString(string(o.config.Key))
	if err != nil || len(key) < 32 {
		return nil, usage(`config: "key" must be the base64 of the service's key, of 32 bytes or more, as "env:PASSWD_KEY"`)
	}
	svc, err := passwd.New(passwd.Config{
		Store: o.store, Keys: passwd.Keys{Current: key}, Hasher: o.config.hasher(), Links: passwd.Links{Base: string(o.config.Base)},
		Notify: passwd.NotifierFunc(func(context.Context, passwd.Message) error { return errors.ErrUnsupported }),
	})
	if err != nil {
		return nil, usage("%w", err)
	}
	return svc, nil
}

package sqlstore

import (
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Config says what is where.
type Config struct {
	Dialect Dialect // required
	Users   Users   // required: the host's table

	// Prefix begins the names of the library's own tables and indexes. "" is
	// "passwd_". Two stores over different users tables of one database need
	// different prefixes: what we keep is keyed by tenant and user id.
	Prefix string

	// MaxJobs bounds the queue: with that many jobs in it Put is ErrQueueFull.
	// Jobs of a Write are taken all the same. 0 is 10,000.
	MaxJobs int
}

// Users maps the host's table of users. Names come from the host's code, never
// from a request; they are checked and always quoted. A column whose name is ""
// does not exist.
type Users struct {
	Table string // required; a table, not a view: writes are counted

	ID     string // required; unique, within the tenant if there is one
	IDType IDType

	// Tenant is the column that tells tenants apart. Mapped, it is part of every
	// query, and rows where it is NULL belong to nobody. Not mapped, only the
	// tenant "" exists.
	Tenant     string
	TenantType IDType

	// The columns of the three kinds of login; one at least. NULL and the empty
	// string match no login.
	Username string
	Email    string
	Mobile   string

	// Boolean columns that say whether the owner of the account has proved to hold
	// the address; NULL is false. Not mapped, every address counts as confirmed.
	EmailConfirmed  string
	MobileConfirmed string

	// Hash is a text column, required; NULL and the empty string are "no password".
	// It must take 255 characters, and the library writes no other column of the
	// table.
	Hash string

	Locale string // BCP 47

	// Active and Disabled are boolean columns; NULL is false. Without Active every
	// account is active, without Disabled none is disabled.
	Active   string
	Disabled string

	// Personal are columns with data that a password must not resemble. The name
	// of the attribute is the name of the column. Username, Email and Mobile need
	// no mention.
	Personal []string

	// OddNames lets all names above hold any characters but control characters.
	// Otherwise they are up to 63 ASCII letters, digits, "_" and "$", and do not
	// begin with a digit or "$". Names are quoted in either case.
	OddNames bool
}

const (
	defaultPrefix  = "passwd_"
	defaultMaxJobs = 10_000
	maxOddName     = 128
)

// New returns a store over db. It only checks the configuration and does not
// touch the database: see [Store.Migrate] and [Store.Verify]. The host keeps
// db, and closes it.
func New(db *sql.DB, c Config) (*Store, error) {
	if db == nil {
		return nil, errors.New("sqlstore: New: db is nil")
	}
	d, err := c.Dialect.details()
	if err != nil {
		return nil, err
	}
	if c.Prefix == "" {
		c.Prefix = defaultPrefix
	}
	if c.MaxJobs == 0 {
		c.MaxJobs = defaultMaxJobs
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	c.Users.Personal = append([]string(nil), c.Users.Personal...)
	s := &Store{db: db, dialect: d, config: c, queries: newQueries(d, c), preparing: make(chan struct{}, 1)}
	if d.oneWriter {
		s.gate = make(chan struct{}, 1)
	}
	return s, nil
}

func (c Config) check() error {
	u := c.Users
	var errs []error
	refuse := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("sqlstore: Config."+field+": "+format, args...))
	}
	for _, f := range u.fields() {
		switch {
		case f.name == "" && f.required:
			refuse("Users."+f.field, "required")
		case f.name != "" && !goodName(f.name, u.OddNames):
			refuse("Users."+f.field, "%q is not a name that is allowed; see Users.OddNames", f.name)
		}
	}
	for i, name := range u.Personal {
		if name == "" {
			refuse(fmt.Sprintf("Users.Personal[%d]", i), "empty")
		}
	}
	if u.Username == "" && u.Email == "" && u.Mobile == "" {
		refuse("Users", "map one of Username, Email and Mobile")
	}
	if u.EmailConfirmed != "" && u.Email == "" {
		refuse("Users.EmailConfirmed", "needs Email")
	}
	if u.MobileConfirmed != "" && u.Mobile == "" {
		refuse("Users.MobileConfirmed", "needs Mobile")
	}
	if !u.IDType.known() {
		refuse("Users.IDType", "unknown")
	}
	if !u.TenantType.known() || u.Tenant == "" && u.TenantType != Text {
		refuse("Users.TenantType", "unknown, or without Tenant")
	}
	if !goodName(c.Prefix, false) || len(c.Prefix) > 32 {
		refuse("Prefix", "%q is not a name of up to 32 characters", c.Prefix)
	}
	if c.MaxJobs < 0 {
		refuse("MaxJobs", "negative")
	}
	return errors.Join(errs...)
}

type mappedField struct {
	field, name string
	required    bool
}

// fields lists every name of the mapping, the table first.
func (u Users) fields() []mappedField {
	list := []mappedField{
		{"Table", u.Table, true},
		{"ID", u.ID, true},
		{"Tenant", u.Tenant, false},
		{"Username", u.Username, false},
		{"Email", u.Email, false},
		{"Mobile", u.Mobile, false},
		{"EmailConfirmed", u.EmailConfirmed, false},
		{"MobileConfirmed", u.MobileConfirmed, false},
		{"Hash", u.Hash, true},
		{"Locale", u.Locale, false},
		{"Active", u.Active, false},
		{"Disabled", u.Disabled, false},
	}
	for i, name := range u.Personal {
		list = append(list, mappedField{fmt.Sprintf("Personal[%d]", i), name, false})
	}
	return list
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]{0,62}$`)

func goodName(name string, odd bool) bool {
	if !odd {
		return plainName.MatchString(name)
	}
	return name != "" && len(name) <= maxOddName && utf8.ValidString(name) &&
		strings.IndexFunc(name, unicode.IsControl) < 0
}

package sqlstore

import (
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/passwd-go/passwd"
)

// Config says what is where.
type Config struct {
	Dialect Dialect // required
	Users   Users   // required: the host's table

	// Prefix begins the names of the library's own tables and indexes. "" is
	// "passwd_". Two stores over different users tables of one database need
	// different prefixes: what the library keeps is keyed by tenant and user id.
	Prefix string

	// NoPassword, if not nil, tells which accounts must not have a password of their own,
	// beside those of Users.NoPassword: by the domain of an address, or the tenant, whose
	// people sign in through their organization. It is given the account as it has been
	// read, for every account that is, and has to be quick. Called concurrently.
	NoPassword func(a passwd.Account) bool

	// MaxJobs bounds the queue: with that many jobs in it Put is ErrQueueFull.
	// Jobs of a Write are taken all the same. 0 is 10,000.
	MaxJobs int

	// Plain keeps to what poolers of connections, clusters whose nodes all take writes, and
	// other databases that speak the dialect's protocol have in common: statements are not
	// prepared, rows that another transaction has locked are waited for and not skipped (SKIP
	// LOCKED), and Migrate sends each statement in a transaction of its own and takes no lock.
	// On MySQL a row that another has made meanwhile (1062) is tried again, and what counts
	// an account's tokens or sessions writes the account's row; set interpolateParams=true in
	// the DSN, or each statement takes three round trips.
	Plain bool
}

// Users maps the host's table of users. Names come from the host's code, never
// from a request; they are checked and always quoted. A column whose name is ""
// does not exist.
type Users struct {
	Table string // required; a table, not a view: writes are counted

	// Schema is where Table is: on MySQL the name of another database of the server.
	// "" is where the connection looks. The library's tables are always there.
	Schema string

	ID     string // required; unique, within the tenant if there is one
	IDType IDType // required: what the column ID is

	// Tenant is the column that tells tenants apart. Mapped, it is part of every
	// query, and rows where it is NULL belong to nobody. Not mapped, only the
	// tenant "" exists.
	Tenant     string
	TenantType IDType // required with Tenant: what that column is

	// The columns of the three kinds of login; one at least. NULL and the empty
	// string match no login.
	Username string
	Email    string
	Mobile   string

	// Lookup says how these columns are searched, and so which index serves it.
	Lookup Lookup

	// Columns that say whether the owner of the account has proved to hold the address:
	// booleans or integers, or times, as a column confirmed_at has, which say yes unless
	// they are NULL. NULL is false. Not mapped, every address counts as confirmed.
	EmailConfirmed  string
	MobileConfirmed string

	// Hash is a text column, required; NULL and the empty string are "no password".
	// It must take 255 characters, and the library writes no other column of the
	// table.
	Hash string

	Locale string // BCP 47

	// Active and Disabled are columns of the same types. A time counts although it is
	// ahead. Without Active every account is active, without Disabled none is disabled. A
	// column with the name of a state is for Where.
	Active   string
	Disabled string

	// NoPassword is a column of the same types. True is an account that must not
	// have a password of its own; see passwd.Account and Config.NoPassword.
	NoPassword string

	// Personal are columns with texts or integers that a password must not resemble. The name
	// of the attribute is the name of the column. Username, Email and Mobile need
	// no mention.
	Personal []string

	// Columns are others that passwd.Account.Columns has, under the same names, for
	// functions of the host's such as passwd.Config.PolicyFor: of any type that has a
	// text. Numbers are decimal, times RFC 3339 in UTC, booleans "true" and "false", but
	// "1" and "0" where the database has numbers for them. NULL is left out.
	Columns []string

	// Where restricts the table to the rows that meet all of the conditions. The other
	// rows do not exist for the library: nobody finds them, and nothing is written
	// to them. This is how softly deleted users are left out, by {Column: "deleted_at"},
	// and those in another state than {Column: "status", Values: []string{"active"}}.
	Where []Condition

	// OddNames lets all names above hold any characters but control characters.
	// Otherwise they are up to 63 ASCII letters, digits, "_" and "$", and do not
	// begin with a digit or "$". Names are quoted in either case.
	OddNames bool
}

// Lookup is a way to search a login column for a compared form, see passwd.Fold. In
// all of them a form that is found is compared again, exactly.
type Lookup int

// The lookups, each with the index that serves it.
const (
	// LookupDefault is LookupLower on SQLite and PostgreSQL, and LookupColumn on
	// MySQL, where a column's collation usually ignores the case of letters.
	LookupDefault Lookup = iota
	// LookupColumn is column = value. It is for columns that hold compared forms
	// only, and for those whose type or collation ignores the case of ASCII letters,
	// such as citext. An index on the column serves it.
	LookupColumn
	// LookupLower is lower(column) = lower(value). An index on lower(column) serves it.
	LookupLower
)

// Condition is one that a row meets or not: without Values, that Column is NULL;
// else that it is one of Values, which are up to 64 ASCII letters, digits, "_",
// "-" and " ".
type Condition struct {
	Column string
	Values []string
}

func (c Condition) test() string {
	if len(c.Values) == 0 {
		return " IS NULL"
	}
	return " IN ('" + strings.Join(c.Values, "', '") + "')"
}

var plainValue = regexp.MustCompile(`^[A-Za-z0-9_ -]{1,64}$`)

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
	d, c, err := c.complete()
	if err != nil {
		return nil, err
	}
	s := &Store{
		db: db, dialect: d, config: c, queries: newQueries(d, c),
		preparing: make(chan struct{}, 1), prepared: new(atomic.Pointer[[]*sql.Stmt]),
		seen: new(seen), turns: newTurns(),
	}
	if d.oneWriter {
		s.gate = make(chan struct{}, 1)
	}
	return s, nil
}

// complete checks the configuration and returns it with its defaults, sharing
// nothing.
func (c Config) complete() (*dialect, Config, error) {
	d, err := c.Dialect.details()
	if err == nil && c.Plain {
		d.plain()
	}
	if c.Prefix == "" {
		c.Prefix = defaultPrefix
	}
	if c.MaxJobs == 0 {
		c.MaxJobs = defaultMaxJobs
	}
	if c.Users.Tenant == "" && c.Users.TenantType == 0 {
		c.Users.TenantType = Text // of the one that there is, ""
	}
	c.Users.Personal = slices.Clone(c.Users.Personal)
	c.Users.Columns = slices.Clone(c.Users.Columns)
	c.Users.Where = slices.Clone(c.Users.Where)
	for i := range c.Users.Where {
		c.Users.Where[i].Values = slices.Clone(c.Users.Where[i].Values)
	}
	return d, c, errors.Join(err, c.check())
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
	for i, name := range u.Columns {
		if name == "" {
			refuse(fmt.Sprintf("Users.Columns[%d]", i), "empty")
		}
	}
	for i, condition := range u.Where {
		for _, value := range condition.Values {
			if !plainValue.MatchString(value) {
				refuse(fmt.Sprintf("Users.Where[%d].Values", i), "%q is not a value that is allowed; see Condition", value)
			}
		}
	}
	if u.Lookup < LookupDefault || u.Lookup > LookupLower {
		refuse("Users.Lookup", "unknown: want LookupDefault, LookupColumn or LookupLower")
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
	refuseType := func(field string, t IDType, column string) {
		switch {
		case t == 0:
			refuse("Users."+field, "required: Text, BigInt, UUID or BinaryUUID, whichever the column %q is", column)
		case !t.known():
			refuse("Users."+field, "unknown: want Text, BigInt, UUID or BinaryUUID")
		}
	}
	refuseType("IDType", u.IDType, u.ID)
	refuseType("TenantType", u.TenantType, u.Tenant)
	if u.Tenant == "" && u.TenantType != Text {
		refuse("Users.TenantType", "needs Tenant")
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
		{"Schema", u.Schema, false},
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
		{"NoPassword", u.NoPassword, false},
	}
	for i, condition := range u.Where {
		list = append(list, mappedField{whereField(i), condition.Column, true})
	}
	for i, name := range u.Personal {
		list = append(list, mappedField{fmt.Sprintf("Personal[%d]", i), name, false})
	}
	for i, name := range u.Columns {
		list = append(list, mappedField{fmt.Sprintf("Columns[%d]", i), name, false})
	}
	return list
}

func whereField(i int) string { return fmt.Sprintf("Where[%d].Column", i) }

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]{0,62}$`)

func goodName(name string, odd bool) bool {
	if !odd {
		return plainName.MatchString(name)
	}
	return name != "" && len(name) <= maxOddName && utf8.ValidString(name) &&
		strings.IndexFunc(name, unicode.IsControl) < 0
}

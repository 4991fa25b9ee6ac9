package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwpolicy"
)

// key is a Ref as the database has it, and in the form in which it is returned.
type key struct {
	tenant, id any
	ref        passwd.Ref
}

// key encodes r; what cannot be one of ours is passwd.ErrNotFound.
func (s *Store) key(r passwd.Ref) (key, error) {
	tenant, ok := s.tenant(r.Tenant)
	id, valid := s.config.Users.IDType.encode(r.ID)
	if !ok || !valid || r.ID == "" {
		return key{}, passwd.ErrNotFound
	}
	return key{tenant, id, passwd.Ref{
		Tenant: canonical(s.config.Users.TenantType, r.Tenant),
		ID:     canonical(s.config.Users.IDType, r.ID),
	}}, nil
}

func (s *Store) tenant(name string) (any, bool) {
	if s.config.Users.Tenant == "" {
		return "", name == ""
	}
	return s.config.Users.TenantType.encode(name)
}

func (s *Store) ref(tenant, id any) (passwd.Ref, error) {
	t, err := s.config.Users.TenantType.decode(tenant)
	if err != nil {
		return passwd.Ref{}, err
	}
	i, err := s.config.Users.IDType.decode(id)
	return passwd.Ref{Tenant: t, ID: i}, err
}

// Get implements passwd.Accounts, in one round trip.
func (s *Store) Get(ctx context.Context, r passwd.Ref) (a passwd.Account, err error) {
	k, err := s.key(r)
	if err != nil {
		return a, err
	}
	err = s.read(ctx, "get", func(q querier) (err error) {
		a, err = s.accountRow().read(q.row(ctx, &s.queries.get, k.tenant, k.id), r.Tenant)
		return s.nobody(err)
	})
	return a, err
}

// Find implements passwd.Accounts, in one round trip. Accounts come in the order
// of their ids.
func (s *Store) Find(ctx context.Context, l passwd.Login, max int) ([]passwd.Account, error) {
	find := s.queries.find[l.Kind]
	tenant, ok := s.tenant(l.Tenant)
	if find == nil || !ok || l.Value == "" || max <= 0 || strings.IndexByte(l.Value, 0) >= 0 || !utf8.ValidString(l.Value) {
		return nil, ctx.Err()
	}
	var found []passwd.Account
	err := s.read(ctx, "find", func(q querier) error {
		for limit := max; ; limit *= 16 {
			all, err := s.find(ctx, q, find, tenant, l, limit)
			if err != nil {
				return err
			}
			found = matching(all, l, max)
			if len(found) == max || len(all) < limit {
				return nil
			}
			// Lookalikes, which many collations take for equal, must not crowd it out.
		}
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

func (s *Store) find(ctx context.Context, q querier, find *query, tenant any, l passwd.Login, limit int) ([]passwd.Account, error) {
	rows, err := q.rows(ctx, find, tenant, l.Value, limit, strings.ToLower(l.Value))
	if err != nil {
		return nil, ignore(s.nobody(err), passwd.ErrNotFound)
	}
	defer rows.Close()
	row := s.accountRow()
	var found []passwd.Account
	for rows.Next() {
		a, err := row.read(rows, l.Tenant)
		if err != nil {
			return nil, err
		}
		found = append(found, a)
	}
	return found, ignore(s.nobody(rows.Err()), passwd.ErrNotFound)
}

// LoginKinds returns the kinds of login that have a column.
func (s *Store) LoginKinds() (kinds []passwd.LoginKind) {
	u := &s.config.Users
	for _, one := range []struct {
		kind   passwd.LoginKind
		column string
	}{{passwd.Username, u.Username}, {passwd.Email, u.Email}, {passwd.Mobile, u.Mobile}} {
		if one.column != "" {
			kinds = append(kinds, one.kind)
		}
	}
	return kinds
}

// Channels returns the ways that messages can take to an address that has a column.
func (s *Store) Channels() (channels []passwd.Channel) {
	if s.config.Users.Email != "" {
		channels = append(channels, passwd.EmailChannel)
	}
	if s.config.Users.Mobile != "" {
		channels = append(channels, passwd.SMSChannel)
	}
	return channels
}

// matching returns up to max of the accounts that l names exactly, in the place of all.
func matching(all []passwd.Account, l passwd.Login, max int) []passwd.Account {
	found := all[:0]
	for _, a := range all {
		value := a.Username
		switch l.Kind {
		case passwd.Email:
			value = a.Email
		case passwd.Mobile:
			value = a.Mobile
		}
		if passwd.Fold(value) == l.Value && len(found) < max {
			found = append(found, a)
		}
	}
	return found
}

// accountRow is what the columns of an account are scanned into: one allocation, and
// not one for each of them.
type accountRow struct {
	users *Users
	rule  func(passwd.Account) bool // Config.NoPassword

	id                                     any
	username, email, mobile, hash, locale  text
	active, disabled, emailSure, phoneSure flag
	noPassword                             flag
	epoch, stamp, until, changed           sql.NullInt64
	must                                   text
	personal                               []text
	columns                                []other

	into []any // the above, in the order of the columns
}

func (s *Store) accountRow() *accountRow {
	u := &s.config.Users
	r := &accountRow{users: u, rule: s.config.NoPassword, into: make([]any, 0, 16+len(u.Personal)+len(u.Columns))}
	r.into = append(r.into,
		&r.id, &r.username, &r.email, &r.mobile, &r.hash, &r.locale, &r.active, &r.disabled,
		&r.emailSure, &r.phoneSure, &r.noPassword, &r.epoch, &r.stamp, &r.must, &r.until, &r.changed,
	)
	if len(u.Personal) > 0 {
		r.personal = make([]text, len(u.Personal))
	}
	for i := range r.personal {
		r.into = append(r.into, &r.personal[i])
	}
	if len(u.Columns) > 0 {
		r.columns = make([]other, len(u.Columns))
	}
	for i := range r.columns {
		r.into = append(r.into, &r.columns[i])
	}
	return r
}

// read scans a row. The tenant is the one asked for.
func (r *accountRow) read(row scanner, tenant string) (a passwd.Account, err error) {
	if err := row.Scan(r.into...); err != nil {
		return a, err
	}
	u := r.users
	id, err := u.IDType.decode(r.id)
	if err != nil {
		return a, err
	}
	a = passwd.Account{
		Ref:       passwd.Ref{Tenant: canonical(u.TenantType, tenant), ID: id},
		Username:  string(r.username),
		Email:     string(r.email),
		Mobile:    string(r.mobile),
		Locale:    string(r.locale),
		Hash:      passwd.Hash(r.hash),
		Epoch:     r.epoch.Int64,
		ChangedAt: timeOf(r.changed),
		Must:      passwd.Reason(r.must),
		MustUntil: timeOf(r.until),
		Active:    bool(r.active) || u.Active == "",
		Disabled:  bool(r.disabled),

		NoPassword: bool(r.noPassword),
	}
	if remains(r.stamp.Int64, a.Hash) {
		a.Epoch, a.ChangedAt, a.Must, a.MustUntil = 0, time.Time{}, "", time.Time{}
	}
	if a.Raised = a.Epoch != 0 && wasRaised(r.stamp.Int64); outside(r.stamp.Int64, a.Hash) {
		a = a.FromOutside()
	}
	for i, value := range r.personal {
		if value != "" {
			a.Personal = append(a.Personal, pwpolicy.Attribute{Name: u.Personal[i], Value: string(value)})
		}
	}
	for i, c := range r.columns {
		if c.there {
			if a.Columns == nil {
				a.Columns = make(map[string]string, len(r.columns))
			}
			a.Columns[u.Columns[i]] = string(c.text)
		}
	}
	if a.Email != "" && (bool(r.emailSure) || u.EmailConfirmed == "") {
		a.Address = append(a.Address, passwd.Address{Channel: passwd.EmailChannel, Value: a.Email})
	}
	if a.Mobile != "" && (bool(r.phoneSure) || u.MobileConfirmed == "") {
		a.Address = append(a.Address, passwd.Address{Channel: passwd.SMSChannel, Value: a.Mobile})
	}
	if r.rule != nil && r.rule(a) {
		a.NoPassword = true
	}
	return a, nil
}

// canonical is the form in which an id that encode has accepted is returned.
func canonical(t IDType, id string) string {
	if t == UUID || t == BinaryUUID {
		b, _ := parseUUID(id)
		return formatUUID(b)
	}
	return id
}

// text reads a nullable column of any type as text; database/sql would repeat a
// value that it cannot convert in its error.
type text string

func (t *text) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		*t = ""
	case string:
		*t = text(v)
	case []byte:
		*t = text(v)
	case int64:
		*t = text(strconv.FormatInt(v, 10))
	case uint64: // of an unsigned column
		*t = text(strconv.FormatUint(v, 10))
	default:
		return errors.New("not a text")
	}
	return nil
}

// other reads a column of the host's own, of whatever type.
type other struct {
	text  text
	there bool
}

func (o *other) Scan(value any) error {
	o.there = value != nil
	switch v := value.(type) {
	case bool:
		o.text = text(strconv.FormatBool(v))
		return nil
	case float64:
		o.text = text(strconv.FormatFloat(v, 'f', -1, 64))
		return nil
	case float32:
		o.text = text(strconv.FormatFloat(float64(v), 'f', -1, 32))
		return nil
	case time.Time:
		o.text = text(v.UTC().Format(time.RFC3339Nano))
		return nil
	}
	return o.text.Scan(value)
}

// flag reads a nullable boolean, or a nullable time, which is true, be it ahead.
type flag bool

func (f *flag) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		*f = false
		return nil
	case bool:
		*f = flag(v)
		return nil
	case int64:
		*f = v != 0
		return nil
	case uint64:
		*f = v != 0
		return nil
	case time.Time:
		*f = flag(!v.IsZero()) // as the driver of MySQL has 0000-00-00
		return nil
	case string:
		return f.parse(v)
	case []byte:
		if len(v) == 1 && v[0] <= 1 { // BIT(1)
			*f = v[0] == 1
			return nil
		}
		return f.parse(string(v))
	}
	return errors.New("not a boolean")
}

func (f *flag) parse(s string) error {
	switch b, err := strconv.ParseBool(s); {
	case err == nil:
		*f = flag(b)
	case writtenTime.MatchString(s):
		*f = flag(!strings.HasPrefix(s, "0000-00-00"))
	default:
		return errors.New("not a boolean")
	}
	return nil
}

// writtenTime is how drivers hand out times that they do not read.
var writtenTime = regexp.MustCompile(`^(\d{4,6}-\d\d-\d\d|-?infinity$)`)

// micros is how times are stored; the zero time is NULL.
func micros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

func timeOf(micros sql.NullInt64) time.Time {
	if !micros.Valid {
		return time.Time{}
	}
	return time.UnixMicro(micros.Int64).UTC()
}

// absent turns "no rows" into the error that says so in the contract.
func absent(err, answer error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return answer
	}
	return err
}

// nobody is absent for what is asked of the host's table: a name with letters that its
// character set lacks is in none of its rows either, whatever the database says to it.
func (s *Store) nobody(err error) error {
	if err != nil && s.dialect.unheld(err) {
		return passwd.ErrNotFound
	}
	return absent(err, passwd.ErrNotFound)
}

// one checks that a statement met exactly one row of the users.
func one(affected int64, err error) (bool, error) {
	if err == nil && affected > 1 {
		err = fmt.Errorf("%d users have one id: Users.ID has to be unique", affected)
	}
	return affected == 1, err
}

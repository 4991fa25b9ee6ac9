package main

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/sqlstore"
)

// table is the mapped table where whole columns are read and written, which a passwd.Store has no
// calls for.
type table struct {
	db     *sql.DB
	config sqlstore.Config
	name   string
}

func newTable(db *sql.DB, c sqlstore.Config) *table {
	t := &table{db: db, config: c}
	t.name = t.quoted(c.Users.Table)
	if c.Users.Schema != "" {
		t.name = t.quoted(c.Users.Schema) + "." + t.name
	}
	return t
}

func (t *table) quoted(name string) string {
	quote := `"`
	if t.config.Dialect != sqlstore.PostgreSQL {
		quote = "`"
	}
	return quote + strings.ReplaceAll(name, quote, quote+quote) + quote
}

// statement collects SQL and its arguments.
type statement struct {
	strings.Builder
	t    *table
	args []any
}

func (s *statement) add(format string, args ...any) { fmt.Fprintf(&s.Builder, format, args...) }

// arg writes a placeholder.
func (s *statement) arg(v any) string {
	s.args = append(s.args, v)
	if s.t.config.Dialect == sqlstore.PostgreSQL {
		return "$" + strconv.Itoa(len(s.args))
	}
	return "?"
}

// where are the conditions of the mapping, and the tenant.
func (s *statement) where(tenant string, allTenants bool) {
	u := s.t.config.Users
	s.add(" WHERE 1 = 1")
	for _, c := range u.Where {
		if len(c.Values) == 0 {
			s.add(" AND %s IS NULL", s.t.quoted(c.Column))
			continue
		}
		s.add(" AND %s IN ('%s')", s.t.quoted(c.Column), strings.Join(c.Values, "', '")) // sqlstore has checked them
	}
	if u.Tenant != "" && !allTenants {
		v, _ := encodeID(tenant, u.TenantType)
		s.add(" AND %s = %s", s.t.quoted(u.Tenant), s.arg(v))
	}
}

// user is a row of the table.
type user struct {
	ref  passwd.Ref
	hash pwhash.Hash
}

const pageSize = 1000

// users reads all users without holding more than a page. PostgreSQL sends them as they are read. The
// others are asked for page after page, by the primary key: SQLite's readers would stand in the way of
// its writers. On PostgreSQL a table without statistics would be sorted for every page.
func (t *table) users(ctx context.Context, tenant string, allTenants bool) iter.Seq2[user, error] {
	if t.config.Dialect == sqlstore.PostgreSQL {
		return t.stream(ctx, tenant, allTenants)
	}
	return func(yield func(user, error) bool) {
		var last [2]any
		for page := 0; ; page++ {
			users, next, err := t.page(ctx, tenant, allTenants, page, last)
			if err != nil {
				yield(user{}, err)
				return
			}
			for _, u := range users {
				if !yield(u, nil) {
					return
				}
			}
			if last = next; len(users) < pageSize {
				return
			}
		}
	}
}

// stream reads all users by one query.
func (t *table) stream(ctx context.Context, tenant string, allTenants bool) iter.Seq2[user, error] {
	return func(yield func(user, error) bool) {
		s := t.selectUsers(tenant, allTenants)
		rows, err := t.db.QueryContext(ctx, s.String(), s.args...)
		if err != nil {
			yield(user{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			u, _, err := t.scanUser(rows)
			if !yield(u, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(user{}, err)
		}
	}
}

func (t *table) selectUsers(tenant string, allTenants bool) *statement {
	u := t.config.Users
	s := &statement{t: t}
	s.add("SELECT %s, %s, %s FROM %s", t.tenantColumn(), t.quoted(u.ID), t.quoted(u.Hash), t.name)
	s.where(tenant, allTenants)
	if u.Tenant != "" {
		s.add(" AND %s IS NOT NULL", t.tenantColumn())
	}
	return s
}

func (t *table) tenantColumn() string {
	if t.config.Users.Tenant == "" {
		return "''"
	}
	return t.quoted(t.config.Users.Tenant)
}

// scanUser reads a row, and the tenant and id in it as the database has them.
func (t *table) scanUser(rows *sql.Rows) (u user, key [2]any, err error) {
	var stored sql.NullString
	if err := rows.Scan(&key[0], &key[1], &stored); err != nil {
		return user{}, key, err
	}
	u = user{passwd.Ref{ID: decodeID(key[1], t.config.Users.IDType)}, pwhash.Hash(stored.String)}
	if t.config.Users.Tenant != "" {
		u.ref.Tenant = decodeID(key[0], t.config.Users.TenantType)
	}
	return u, key, nil
}

// page reads those that follow the last of the page before.
func (t *table) page(ctx context.Context, tenant string, allTenants bool, page int, last [2]any) (users []user, next [2]any, err error) {
	u := t.config.Users
	id, tenantColumn := t.quoted(u.ID), t.tenantColumn()
	s := t.selectUsers(tenant, allTenants)
	order := id
	if u.Tenant != "" {
		order = tenantColumn + ", " + id
	}
	switch {
	case page == 0:
	case u.Tenant == "":
		s.add(" AND %s > %s", id, s.arg(last[1]))
	default:
		s.add(" AND (%s > %s OR %s = %s AND %s > %s)", tenantColumn, s.arg(last[0]), tenantColumn, s.arg(last[0]), id, s.arg(last[1]))
	}
	s.add(" ORDER BY %s LIMIT %d", order, pageSize)
	rows, err := t.db.QueryContext(ctx, s.String(), s.args...)
	if err != nil {
		return nil, next, err
	}
	defer rows.Close()
	for rows.Next() {
		one, key, err := t.scanUser(rows)
		if err != nil {
			return nil, next, err
		}
		users, next = append(users, one), key
	}
	for i, v := range next { // drivers may reuse their bytes
		if b, ok := v.([]byte); ok {
			next[i] = append([]byte(nil), b...)
			if u.IDType != sqlstore.BinaryUUID {
				next[i] = string(b)
			}
		}
	}
	return users, next, rows.Err()
}

// count is how many rows page will read.
func (t *table) count(ctx context.Context, tenant string, allTenants bool) (n int, err error) {
	s := &statement{t: t}
	s.add("SELECT count(*) FROM %s", t.name)
	s.where(tenant, allTenants)
	err = t.db.QueryRowContext(ctx, s.String(), s.args...).Scan(&n)
	return n, err
}

// hashes reads those of some users of a tenant. Who is not in the table is not in the map.
func (t *table) hashes(ctx context.Context, tenant string, ids []string) (map[string]pwhash.Hash, error) {
	u := t.config.Users
	s := &statement{t: t}
	s.add("SELECT %s, %s FROM %s", t.quoted(u.ID), t.quoted(u.Hash), t.name)
	s.where(tenant, false)
	s.add(" AND %s IN (%s)", t.quoted(u.ID), s.ids(ids))
	rows, err := t.db.QueryContext(ctx, s.String(), s.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := make(map[string]pwhash.Hash, len(ids))
	for rows.Next() {
		var id any
		var stored sql.NullString
		if err := rows.Scan(&id, &stored); err != nil {
			return nil, err
		}
		found[decodeID(id, u.IDType)] = pwhash.Hash(stored.String)
	}
	return found, rows.Err()
}

func (s *statement) ids(ids []string) string {
	marks := make([]string, len(ids))
	for i, id := range ids {
		v, _ := encodeID(id, s.t.config.Users.IDType)
		marks[i] = s.arg(v)
	}
	return strings.Join(marks, ", ")
}

// fill writes hashes where there is none, in one statement, and returns how many it wrote.
func (t *table) fill(ctx context.Context, tenant string, ids []string, hashes []pwhash.Hash) (int, error) {
	u := t.config.Users
	id, hash := t.quoted(u.ID), t.quoted(u.Hash)
	s := &statement{t: t}
	s.add("UPDATE %s SET %s = CASE %s", t.name, hash, id)
	for i := range ids {
		v, _ := encodeID(ids[i], u.IDType)
		s.add(" WHEN %s THEN %s", s.arg(v), s.arg(string(hashes[i])))
	}
	s.add(" END")
	s.where(tenant, false)
	s.add(" AND %s IN (%s) AND (%s IS NULL OR %s = '')", id, s.ids(ids), hash, hash)
	result, err := t.db.ExecContext(ctx, s.String(), s.args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// encodeID is false for what no id of the type can be.
func encodeID(id string, idType sqlstore.IDType) (any, bool) {
	switch idType {
	case sqlstore.BigInt:
		n, err := strconv.ParseInt(id, 10, 64)
		return n, err == nil && strconv.FormatInt(n, 10) == id
	case sqlstore.UUID, sqlstore.BinaryUUID:
		b, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
		if err != nil || len(b) != 16 || len(id) != 36 {
			return nil, false
		}
		if idType == sqlstore.BinaryUUID {
			return b, true
		}
		return strings.ToLower(id), true
	}
	return id, id != ""
}

func decodeID(v any, idType sqlstore.IDType) string {
	switch v := v.(type) {
	case nil:
		return ""
	case int64:
		return strconv.FormatInt(v, 10)
	case string:
		return v
	case []byte:
		if idType == sqlstore.BinaryUUID && len(v) == 16 {
			return uuidText(v)
		}
		return string(v)
	case [16]byte:
		return uuidText(v[:])
	}
	return fmt.Sprint(v)
}

func uuidText(b []byte) string {
	s := hex.EncodeToString(b)
	return strings.Join([]string{s[:8], s[8:12], s[12:16], s[16:20], s[20:]}, "-")
}

package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed schema
var schema embed.FS

// migration is one file of the schema; its number is its place.
type migration struct {
	version    int
	statements []query
}

func (s *Store) migrations() ([]migration, error) {
	files, err := fs.Glob(schema, path.Join("schema", s.dialect.name, "*.sql")) // in order
	if err != nil {
		return nil, err
	}
	r := newRenderer(s.dialect, s.config)
	list := make([]migration, len(files))
	for i, file := range files {
		content, err := schema.ReadFile(file)
		if err != nil {
			return nil, err
		}
		list[i].version = i + 1
		for statement := range strings.SplitSeq(string(content), ";\n") {
			if statement = strings.TrimSpace(statement); statement != "" {
				list[i].statements = append(list[i].statements, r.render(statement))
			}
		}
	}
	return list, nil
}

// Migrate creates the library's own tables, or brings them up to date. It does
// nothing when there is nothing to do, and several processes may do it at once.
// It does not touch the host's tables. What it creates takes the id types of the
// mapping: they cannot change later.
func (s *Store) Migrate(ctx context.Context) error {
	list, err := s.migrations()
	if err == nil {
		err = s.enter(ctx)
	}
	if err == nil {
		defer s.leave()
		for _, m := range list {
			if err = s.try(ctx, func() error { return s.migrate(ctx, m) }); err != nil {
				break
			}
		}
	}
	return s.failure(ctx, "migrate", err)
}

// migrate makes one migration and notes it in the same transaction, unless it has
// been made.
func (s *Store) migrate(ctx context.Context, m migration) error {
	r := newRenderer(s.dialect, s.config)
	create := r.render(`CREATE TABLE IF NOT EXISTS {schema} (version INTEGER NOT NULL PRIMARY KEY)`)
	if _, err := s.db.ExecContext(ctx, create.text); err != nil {
		return err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if s.dialect.lock != "" {
		if _, err := tx.ExecContext(ctx, s.queries.lock.text); err != nil {
			return err
		}
	}
	version, err := s.version(ctx, tx)
	if err != nil || version >= m.version {
		return err
	}
	for _, statement := range m.statements {
		if _, err := tx.ExecContext(ctx, statement.text); err != nil {
			return err
		}
	}
	note := r.render(`INSERT INTO {schema} (version) VALUES ($1)`)
	if _, err := tx.ExecContext(ctx, note.text, m.version); err != nil {
		return err
	}
	return tx.Commit()
}

// version is the number of the last migration that was made.
func (s *Store) version(ctx context.Context, tx *sql.Tx) (n int, err error) {
	r := newRenderer(s.dialect, s.config)
	last := r.render(`SELECT coalesce(max(version), 0) FROM {schema}`)
	err = tx.QueryRowContext(ctx, last.text).Scan(&n)
	return n, err
}

// Verify checks at the start of a program that the library's tables are there and
// that the host's table has every mapped column, of a type that fits. Its error
// names everything that is wrong. No setting of the connection is checked, since
// none is needed for correctness; the package comment says which are good.
func (s *Store) Verify(ctx context.Context) error {
	var errs []error
	err := s.try(ctx, func() (err error) {
		errs, err = s.misfits(ctx)
		return err
	})
	if err != nil {
		return s.failure(ctx, "verify", err)
	}
	if len(errs) == 0 {
		// Preparing finds what is left: that our tables are the ones of this version.
		return s.failure(ctx, "verify", s.prepare(ctx))
	}
	return errors.Join(errs...)
}

func (s *Store) misfits(ctx context.Context) (errs []error, err error) {
	u := s.config.Users
	columns, err := s.dialect.columns(ctx, s.db, u.Table)
	if err != nil {
		return nil, err
	}
	for _, f := range u.fields() {
		declared, ok := columns[strings.ToLower(f.name)]
		switch {
		case f.name == "":
		case f.field == "Table":
			if len(columns) == 0 {
				return []error{fmt.Errorf("sqlstore: Users.Table: there is no table %q", f.name)}, nil
			}
		case !ok:
			errs = append(errs, fmt.Errorf("sqlstore: Users.%s: table %q has no column %q", f.field, u.Table, f.name))
		default:
			if reason := s.misfit(f.field, declared); reason != "" {
				errs = append(errs, fmt.Errorf("sqlstore: Users.%s: column %q %s", f.field, f.name, reason))
			}
		}
	}
	own, err := s.dialect.columns(ctx, s.db, s.config.Prefix+"schema")
	if err == nil && len(own) == 0 {
		errs = append(errs, fmt.Errorf("sqlstore: there is no table %q: call Migrate first", s.config.Prefix+"schema"))
	}
	return errs, err
}

// misfit says what is wrong with the type of a column whose type matters.
func (s *Store) misfit(field, declared string) string {
	switch field {
	case "ID":
		return s.dialect.misfit(declared, s.config.Users.IDType)
	case "Tenant":
		return s.dialect.misfit(declared, s.config.Users.TenantType)
	case "Hash", "Username", "Email", "Mobile":
		return s.dialect.misfit(declared, Text)
	}
	return ""
}

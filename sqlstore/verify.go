package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Verify checks at the start of a program that the library's tables are there and
// that the host's table has every mapped column, of a type that fits: wide enough
// for a hash, and with a collation under which a login is found. Its error names
// everything that is wrong. No setting of the connection is checked, since none is
// needed for correctness; the package comment says which are good. Whether an index
// serves the lookups is for EXPLAIN to tell.
func (s *Store) Verify(ctx context.Context) error {
	if s.host != nil {
		return errors.ErrUnsupported
	}
	var errs []error
	err := s.try(ctx, func() (err error) {
		if errs, err = s.misfits(ctx); err == nil {
			var own []error
			own, err = s.ownMisfits(ctx)
			errs = append(errs, own...)
		}
		return err
	})
	if err != nil {
		return s.failure(ctx, "verify", err)
	}
	if len(errs) == 0 {
		// Preparing finds what is left.
		return s.failure(ctx, "verify", s.prepare(ctx))
	}
	return errors.Join(errs...)
}

// misfits is what is wrong with the host's table.
func (s *Store) misfits(ctx context.Context) (errs []error, err error) {
	u := s.config.Users
	columns, err := s.dialect.table(ctx, s.db, u.Schema, u.Table)
	if err != nil {
		return nil, err
	}
	if len(columns) == 0 {
		return []error{fmt.Errorf("sqlstore: Users.Table: there is no table %q", u.Table)}, nil
	}
	for _, f := range u.fields() {
		if f.name == "" || f.field == "Table" || f.field == "Schema" {
			continue
		}
		c, ok := columns[s.dialect.nameKey(f.name)]
		if !ok {
			errs = append(errs, fmt.Errorf("sqlstore: Users.%s: table %q has no column %q", f.field, u.Table, f.name))
			continue
		}
		reason, err := s.misfit(ctx, f.field, c)
		if err != nil {
			return nil, err
		}
		if reason != "" {
			errs = append(errs, fmt.Errorf("sqlstore: Users.%s: column %q %s", f.field, f.name, reason))
		}
	}
	return errs, nil
}

const hashWidth = 255

// misfit says what is wrong with a column whose type matters.
func (s *Store) misfit(ctx context.Context, field string, c column) (string, error) {
	u := s.config.Users
	switch field {
	case "ID":
		return s.dialect.misfit(c, u.IDType), nil
	case "Tenant":
		return s.dialect.misfit(c, u.TenantType), nil
	case "Hash":
		reason := s.dialect.misfit(c, Text)
		if reason == "" && 0 < c.width && c.width < hashWidth {
			reason = fmt.Sprintf("takes %d characters; a hash needs up to %d", c.width, hashWidth)
		}
		return reason, nil
	case "Username", "Email", "Mobile":
		if reason := s.dialect.misfit(c, Text); reason != "" {
			return reason, nil
		}
		if field == "Mobile" {
			return "", nil // has no letters
		}
		folds, err := s.dialect.folds(ctx, s.db, c, u.Lookup)
		if err == nil && !folds {
			return fmt.Sprintf("has the collation %q, under which A to Z are not the capitals of a to z: see Users.Lookup", c.collation), nil
		}
		return "", err
	}
	if values, ok := u.condition(field); ok {
		return s.unmet(ctx, values, c)
	}
	return unfit(field, c), nil
}

// condition is what the field of a condition, Where[i].Column, is compared with.
func (u Users) condition(field string) (values []string, ok bool) {
	for i, condition := range u.Where {
		if field == whereField(i) {
			return condition.Values, true
		}
	}
	return nil, false
}

// ownColumns are those of our tables, in the order of their creation.
var ownColumns = []struct{ table, columns string }{
	{"schema", "version checksum"},
	{"account", "tenant user_id epoch stamp must must_until changed_at"},
	{"token", "digest purpose tenant user_id epoch address verifier requester attempts issued_at expires_at spent_at"},
	{"history", "tenant user_id epoch hash"},
	{"job", "seq id job_key waiting sealed not_before not_after attempts leased_until urgent"},
	{"limit", "limit_key taken level windowed until_at last_at expires_at"},
	{"session", "id tenant user_id epoch client device device_name addr user_agent access_digest refresh_digest rotations " +
		"created_at issued_at access_until used_at expires_at"},
	{"session_spent", "session_id n digest"},
}

// ownMisfits is what is wrong with the library's tables.
func (s *Store) ownMisfits(ctx context.Context) (errs []error, err error) {
	for _, own := range ownColumns {
		table := s.config.Prefix + own.table
		columns, err := s.dialect.table(ctx, s.db, "", table)
		if err != nil {
			return nil, err
		}
		if len(columns) == 0 {
			errs = append(errs, fmt.Errorf("sqlstore: there is no table %q: call Migrate first", table))
			continue
		}
		missing := slices.DeleteFunc(strings.Fields(own.columns), func(name string) bool {
			_, ok := columns[name]
			return ok
		})
		if len(missing) > 0 {
			errs = append(errs, fmt.Errorf("sqlstore: table %q is not the library's: it has no column %s", table, strings.Join(missing, ", ")))
		}
	}
	if len(errs) > 0 {
		return errs, nil
	}
	made, err := s.made(ctx, s.db)
	if err != nil {
		return nil, err
	}
	list, err := migrations(s.dialect, s.config)
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		switch checksum, ok := made[m.version]; {
		case !ok:
			errs = append(errs, fmt.Errorf("sqlstore: migration %s was not made: call Migrate", m.name))
		case checksum != m.checksum:
			return append(errs, fmt.Errorf("sqlstore: migration %w", s.drift(m, made))), nil // as are the others
		}
	}
	return errs, nil
}

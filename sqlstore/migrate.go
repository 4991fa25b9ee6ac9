package sqlstore

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// The files never change once they are released: what they create is compared by
// checksum.
//
//go:embed schema
var schema embed.FS

const (
	schemaTable = `CREATE TABLE IF NOT EXISTS {schema} (version INTEGER NOT NULL PRIMARY KEY, checksum CHAR(64) NOT NULL)`
	noteVersion = `INSERT INTO {schema} (version, checksum) VALUES ($1, $2)`
)

// migration is one file of the schema; its number is its place.
type migration struct {
	version    int
	name       string // of the file, without what follows the first dot
	statements []string
	checksum   string
}

// Migrations returns the migrations that [Store.Migrate] makes, as files for a host
// that has a tool for that: rendered for the id types and the prefix of the
// configuration, one file NNNN_name.up.sql each, in the root. goose and
// golang-migrate read them as they are; the latter needs multiStatements=true on
// MySQL. Their numbers begin at 1: give the tool another table to keep them in, or
// copy the files under numbers of the host's own.
//
// Migrate takes what the files made for its own. The files of tables may run more than
// once, those that add a column only on PostgreSQL and MariaDB: tools run each once.
// There are no files to go back: they would delete the state of every account.
func Migrations(c Config) (fs.FS, error) {
	d, c, err := c.complete()
	if err != nil {
		return nil, err
	}
	list, err := migrations(d, c)
	if err != nil {
		return nil, err
	}
	var archive bytes.Buffer // a file system that the standard library has
	w := zip.NewWriter(&archive)
	for _, m := range list {
		file, err := w.Create(m.name + ".up.sql")
		if err != nil {
			return nil, err
		}
		if _, err := file.Write([]byte(m.file(newRenderer(d, c), d))); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
}

// file is the migration as a file that also notes that it was made.
func (m migration) file(r *renderer, d *dialect) string {
	note := fmt.Sprintf("INSERT INTO {schema} (version, checksum) VALUES (%d, '%s') %s", m.version, m.checksum, fill(d.absorb, "version", ""))
	statements := append([]string{r.render(schemaTable).text}, m.statements...)
	statements = append(statements, r.render(note).text)
	return "-- +goose Up\n" + strings.Join(statements, ";\n\n") + ";\n"
}

var commentsAndSpace = regexp.MustCompile(`--[^\n]*|\s+`)

func migrations(d *dialect, c Config) ([]migration, error) {
	files, err := fs.Glob(schema, path.Join("schema", d.name, "*.sql")) // in order
	if err != nil {
		return nil, err
	}
	r := newRenderer(d, c)
	list := make([]migration, len(files))
	for i, file := range files {
		content, err := schema.ReadFile(file)
		if err != nil {
			return nil, err
		}
		m := migration{version: i + 1, name: strings.TrimSuffix(path.Base(file), ".sql")}
		sum := sha256.New()
		for statement := range strings.SplitSeq(string(content), ";\n") {
			if statement = strings.TrimSpace(statement); statement != "" {
				text := r.render(statement).text
				m.statements = append(m.statements, text)
				sum.Write([]byte(commentsAndSpace.ReplaceAllString(text, " ") + ";"))
			}
		}
		m.checksum = hex.EncodeToString(sum.Sum(nil))
		list[i] = m
	}
	return list, nil
}

func (s *Store) renderer() *renderer { return newRenderer(s.dialect, s.config) }

// Migrate creates the library's own tables, or brings them up to date. When there is
// nothing to do it only reads, so that a role without the right to create tables will
// do. Several processes may migrate at once. It does not touch the host's tables, and
// creates nothing as long as they do not fit the mapping: the error is that of Verify.
// What it creates takes the id types of the mapping: they cannot change later, and
// Migrate fails if they have.
//
// On MySQL, and with Config.Plain, every statement is a transaction of its own; after a
// crash between them, Migrate goes on where it was.
func (s *Store) Migrate(ctx context.Context) error {
	if s.host != nil {
		return errors.ErrUnsupported
	}
	list, err := migrations(s.dialect, s.config)
	var misfits []error
	if err == nil {
		err = s.try(ctx, func() (err error) {
			if list, err = s.pending(ctx, list); err == nil && list != nil {
				misfits, err = s.misfits(ctx)
			}
			return err
		})
	}
	if err == nil && (misfits != nil || list == nil) {
		return errors.Join(misfits...)
	}
	if err == nil {
		err = s.enter(ctx)
	}
	if err == nil {
		defer s.leave()
		err = tryWhile(ctx, func() error {
			return s.dialect.migrating(ctx, s, func(db execer) error { return s.migrate(ctx, db, list) })
		}, func(err error) bool { return s.dialect.retry(err) || s.dialect.demoted(err) || s.dialect.raced(err) })
	}
	return s.failure(ctx, "migrate", err)
}

// pending returns the list if anything of it is still to be made.
func (s *Store) pending(ctx context.Context, list []migration) ([]migration, error) {
	columns, err := s.dialect.table(ctx, s.db, "", s.config.Prefix+"schema")
	if err != nil || len(columns) == 0 {
		return list, err
	}
	made, err := s.made(ctx, s.db)
	if err != nil {
		return nil, err
	}
	left := false
	for _, m := range list {
		checksum, ok := made[m.version]
		if ok && checksum != m.checksum {
			return nil, s.drift(m, made)
		}
		left = left || !ok
	}
	if !left {
		return nil, nil
	}
	return list, nil
}

// drift says what a migration was made for, if not for what the configuration says.
func (s *Store) drift(m migration, made map[int]string) error {
	for _, id := range idTypes {
		for _, tenant := range idTypes {
			other := s.config
			other.Users.IDType, other.Users.TenantType = id, tenant
			list, err := migrations(s.dialect, other)
			if err != nil {
				return err
			}
			if list[m.version-1].checksum != made[m.version] {
				continue
			}
			of := fmt.Sprintf("IDType %s", id.name())
			if s.config.Users.Tenant != "" || tenant != Text {
				of += fmt.Sprintf(" and TenantType %s", tenant.name())
			}
			return fmt.Errorf("%s was made with other id types than those of the configuration: with %s. "+
				"Map the table with these; or, if nobody has used the library's tables yet, drop them, which begin with %q, and call Migrate",
				m.name, of, s.config.Prefix)
		}
	}
	return fmt.Errorf("%s was edited after it had been made, or made with other id types than those of the configuration", m.name)
}

// migrate makes the migrations that have not been made.
func (s *Store) migrate(ctx context.Context, db execer, list []migration) error {
	made, err := s.made(ctx, db)
	if err != nil {
		return err
	}
	note := s.renderer().render(noteVersion)
	for _, m := range list {
		if checksum, ok := made[m.version]; ok {
			if checksum != m.checksum {
				return s.drift(m, made)
			}
			continue
		}
		for _, statement := range m.statements {
			_, err := db.ExecContext(ctx, statement)
			if err != nil && !s.dialect.added(err) {
				return fmt.Errorf("%s: %w", m.name, err)
			}
		}
		if _, err := db.ExecContext(ctx, note.text, note.arrange([]any{m.version, m.checksum})...); err != nil {
			return err
		}
	}
	return nil
}

// made returns the checksums of the migrations that were made.
func (s *Store) made(ctx context.Context, db execer) (map[int]string, error) {
	rows, err := db.QueryContext(ctx, s.renderer().render(`SELECT version, checksum FROM {schema}`).text)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	made := map[int]string{}
	for rows.Next() {
		var version int
		var checksum string
		if err := rows.Scan(&version, &checksum); err != nil {
			return nil, err
		}
		made[version] = checksum
	}
	return made, rows.Err()
}

package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
	"github.com/spf13/cobra"
)

// importing is one run of import.
type importing struct {
	*opened
	hasher  foreign.Hasher
	columns columns
	format  foreign.Format
	by      string // id, username, email, mobile
	key     string // the column with it
	tenant  string
	write   bool
	skipped *csv.Writer

	result  imported
	pending []importRow
	ids     map[string]bool
}

type importRow struct {
	number int
	key    string
	id     string
	hash   pwhash.Hash
}

// imported says what became of the rows.
type imported struct {
	DryRun  bool           `json:"dry_run"`
	Rows    int            `json:"rows"`
	Written int            `json:"written"` // or would be
	Present int            `json:"present"` // are in the table already, from an earlier run
	Skipped int            `json:"skipped"`
	Why     map[string]int `json:"why"`
}

const importBatch = 500

func newImport(o *options) *cobra.Command {
	var (
		im     importing
		format string
		report string
	)
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Write the hashes of an export into the mapped table",
		Long: `import writes the hashes of an export into the hash column of users that are in the mapped table and
have none. It changes nothing else, and no hash that is there. Without --write it only says what it
would do: look at that first.

It may be stopped and run again at any time: each row is written by compare-and-swap, and what an earlier
run has written is passed over. Every hash must be of a format that the file of --config accepts (all, if
it names none), and within its bounds: what nobody could sign in with is skipped, and the report says why.

It exits with 1 if rows were skipped.`,
		Example: `  passwdctl import users.csv --config passwdctl.json --by email --hash-column pass
  passwdctl import users.csv --config passwdctl.json --by email --hash-column pass --write --report skipped.csv
  passwdctl import mybb.csv --format mybb --salt-column salt --by username --write`,
		Args: cobra.ExactArgs(1),
		RunE: runs(func(cmd *cobra.Command, args []string) (err error) {
			if im.format, err = optionalFormat(format); err != nil {
				return err
			}
			if !slices.Contains([]string{"id", "username", "email", "mobile"}, im.by) {
				return usage("--by is id, username, email or mobile")
			}
			im.key = cmp.Or(im.key, im.by)
			if im.opened, err = o.open(cmd.Context()); err != nil {
				return err
			}
			defer im.close()
			im.hasher = im.config.hasher()
			if im.format != "" {
				im.hasher = as(im.hasher, im.format)
			}
			if err := im.hasher.Validate(); err != nil {
				return usage("%w", err)
			}
			if report != "" {
				f, err := os.Create(report)
				if err != nil {
					return err
				}
				defer f.Close()
				im.skipped = csv.NewWriter(f)
				if err := im.skipped.Write([]string{"row", im.by, "reason"}); err != nil {
					return err
				}
			}
			im.result = imported{DryRun: !im.write, Why: map[string]int{}}
			err = im.run(cmd.Context(), source{args[0], im.columns.kind}, newProgress(cmd.ErrOrStderr(), 0, o.json))
			if im.skipped != nil {
				im.skipped.Flush()
				err = errors.Join(err, im.skipped.Error())
			}
			if o.json {
				err = errors.Join(err, writeJSON(cmd.OutOrStdout(), im.result))
			} else {
				err = errors.Join(err, im.result.show(cmd.OutOrStdout()))
			}
			if err == nil && im.result.Skipped > 0 {
				err = found("%d of %d rows are skipped", im.result.Skipped, im.result.Rows)
			}
			return err
		}),
	}
	im.columns.flags(c)
	f := c.Flags()
	f.StringVar(&format, "format", "", "the `format` of the hashes, by its name or as a line; needed where a salt has a column of its own")
	f.StringVar(&im.by, "by", "id", "what finds a user: id, username, email or mobile, as mapped")
	f.StringVar(&im.key, "key-column", "", "`column` of the export with it (default: its name)")
	f.StringVar(&im.tenant, "tenant", "", "the `tenant` that the users are of")
	f.BoolVar(&im.write, "write", false, "write; without it, only say what would be written")
	f.StringVar(&report, "report", "", "`file` for a CSV of what is skipped, and why")
	c.RegisterFlagCompletionFunc("format", completeFormats)
	c.RegisterFlagCompletionFunc("by", cobra.FixedCompletions([]string{"id", "username", "email", "mobile"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func optionalFormat(name string) (foreign.Format, error) {
	if name == "" {
		return "", nil
	}
	return formatNamed(name)
}

func (im *importing) run(ctx context.Context, s source, p *progress) error {
	im.ids = map[string]bool{}
	for r, err := range s.rows() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if coded, ok := errors.AsType[*codeError](err); ok {
			return coded
		}
		im.result.Rows++
		if err != nil {
			im.skip(r.number, "", "the row cannot be read")
		} else if err := im.add(ctx, r); err != nil {
			return err
		}
		if len(im.pending) >= importBatch {
			if err := im.flush(ctx); err != nil {
				return err
			}
		}
		p.at(im.result.Rows)
	}
	if err := im.flush(ctx); err != nil {
		return err
	}
	p.end(im.result.Rows)
	return nil
}

// add takes a row into the batch, or skips it.
func (im *importing) add(ctx context.Context, r row) error {
	key := r.fields[im.key]
	if key == "" {
		im.skip(r.number, "", "no "+im.key)
		return nil
	}
	stored, err := im.columns.hashOf(r, im.format)
	if err != nil {
		im.skip(r.number, key, err.Error())
		return nil
	}
	if reason := im.judge(stored); reason != "" {
		im.skip(r.number, key, reason)
		return nil
	}
	id, reason, err := im.find(ctx, key)
	if err != nil {
		return err
	}
	if reason != "" {
		im.skip(r.number, key, reason)
		return nil
	}
	if im.ids[id] { // the same user again
		if err := im.flush(ctx); err != nil {
			return err
		}
	}
	im.ids[id] = true
	im.pending = append(im.pending, importRow{r.number, key, id, stored})
	return nil
}

// judge says why nobody could sign in with a hash, or "".
func (im *importing) judge(stored pwhash.Hash) string {
	_, err := im.hasher.Inspect(stored)
	if err == nil {
		return ""
	}
	if bad, ok := errors.AsType[*pwhash.FormatError](err); ok {
		switch bad.Problem {
		case pwhash.Empty:
			return "no hash"
		case pwhash.Disabled:
			return "the account has no password"
		}
	}
	return err.Error()
}

// find is the id of the user whom a key names.
func (im *importing) find(ctx context.Context, key string) (id, reason string, err error) {
	if im.by == "id" {
		if _, ok := encodeID(key, im.table.config.Users.IDType); !ok {
			return "", "no id of this table", nil
		}
		return key, "", nil
	}
	kind := map[string]passwd.LoginKind{"username": passwd.Username, "email": passwd.Email, "mobile": passwd.Mobile}[im.by]
	accounts, err := im.store.Find(ctx, passwd.Login{Tenant: im.tenant, Kind: kind, Value: passwd.Fold(key)}, 3)
	if err != nil {
		return "", "", err
	}
	var matches []string
	for _, a := range accounts {
		value := map[string]string{"username": a.Username, "email": a.Email, "mobile": a.Mobile}[im.by]
		if passwd.Fold(value) == passwd.Fold(key) {
			matches = append(matches, a.Ref.ID)
		}
	}
	switch len(matches) {
	case 0:
		return "", "no such user", nil
	case 1:
		return matches[0], "", nil
	}
	return "", "several users", nil
}

func (im *importing) skip(number int, key, reason string) {
	im.result.Skipped++
	if len(im.result.Why) < 1000 || im.result.Why[reason] > 0 {
		im.result.Why[reason]++
	} else {
		im.result.Why["other reasons"]++
	}
	if im.skipped != nil {
		im.skipped.Write([]string{strconv.Itoa(number), key, reason}) // its error is that of Flush
	}
}

// flush writes the batch: where there is no hash, and as nobody has written one since.
func (im *importing) flush(ctx context.Context) error {
	batch := im.pending
	im.pending, im.ids = im.pending[:0], map[string]bool{}
	for len(batch) > 0 {
		ids := make([]string, len(batch))
		for i, r := range batch {
			ids[i] = r.id
		}
		there, err := im.table.hashes(ctx, im.tenant, ids)
		if err != nil {
			return err
		}
		var empty []importRow
		for _, r := range batch {
			switch stored, known := there[r.id]; {
			case !known:
				im.skip(r.number, r.key, "no such user")
			case stored == r.hash:
				im.result.Present++
			case stored != "":
				im.skip(r.number, r.key, "the user has another hash")
			default:
				empty = append(empty, r)
			}
		}
		if !im.write || len(empty) == 0 {
			im.result.Written += len(empty)
			return nil
		}
		ids, hashes := ids[:0], make([]pwhash.Hash, 0, len(empty))
		for _, r := range empty {
			ids, hashes = append(ids, r.id), append(hashes, r.hash)
		}
		n, err := im.table.fill(ctx, im.tenant, ids, hashes)
		if err != nil {
			return err
		}
		if n == len(empty) {
			im.result.Written += n
			return nil
		}
		// Somebody has set a password meanwhile. What this statement has written is told
		// from theirs by looking once more.
		there, err = im.table.hashes(ctx, im.tenant, ids)
		if err != nil {
			return err
		}
		batch = slices.DeleteFunc(empty, func(r importRow) bool {
			if there[r.id] == r.hash {
				im.result.Written++
				return true
			}
			return false
		})
	}
	return nil
}

func (r imported) show(out io.Writer) error {
	verb := "written"
	if r.DryRun {
		verb = "would be written (--write does it)"
	}
	fmt.Fprintf(out, "%d rows: %d %s, %d already there, %d skipped\n", r.Rows, r.Written, verb, r.Present, r.Skipped)
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	for _, reason := range slices.SortedFunc(maps.Keys(r.Why), func(a, b string) int { return cmp.Or(r.Why[b]-r.Why[a], cmp.Compare(a, b)) }) {
		fmt.Fprintf(w, "  %d\t%s\n", r.Why[reason], reason)
	}
	return w.Flush()
}

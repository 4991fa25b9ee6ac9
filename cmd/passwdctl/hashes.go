package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
	"github.com/spf13/cobra"
)

func newHashes(o *options) *cobra.Command {
	c := &cobra.Command{Use: "hashes", Short: "Count and prove the hashes of an old system"}
	c.AddCommand(newInspect(o), newProbe(o), newFormats(o))
	return c
}

func newFormats(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "formats", Short: "List the formats that --format takes, with the line of each scheme", Args: cobra.NoArgs,
		RunE: runs(func(cmd *cobra.Command, _ []string) error {
			type format struct {
				Name  string   `json:"name"`
				Lines []string `json:"lines,omitempty"`
			}
			var all []format
			for _, f := range foreign.Formats() {
				all = append(all, format{string(f), foreign.Lines(f)})
			}
			for _, f := range own {
				all = append(all, format{Name: f})
			}
			if o.json {
				return writeJSON(cmd.OutOrStdout(), all)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
			for _, f := range all {
				fmt.Fprintf(w, "%s\t%s\n", f.Name, strings.Join(f.Lines, "\n\t"))
			}
			return w.Flush()
		}),
	}
}

// counted is one kind of hash in a table.
type counted struct {
	Formats []string `json:"formats"`           // all that it can be
	Cost    string   `json:"cost,omitempty"`    // of the first of them
	Problem string   `json:"problem,omitempty"` // why nobody can sign in with it
	Rows    int      `json:"rows"`
	First   int      `json:"first_row"`
}

// census counts the hashes of a table.
type census struct {
	Rows      int        `json:"rows"`
	Empty     int        `json:"empty"`
	Ambiguous int        `json:"ambiguous"` // fit several formats, and have no mark of one
	Hopeless  int        `json:"hopeless"`  // fit none, or ask for too much
	Broken    int        `json:"broken"`    // rows of the file that cannot be read
	Kinds     []*counted `json:"kinds"`

	byKind map[string]*counted
}

const maxKinds = 10_000 // what differs from row to row, as random costs do, is counted as one

func (c *census) add(h foreign.Hasher, number int, stored pwhash.Hash) {
	c.Rows++
	if stored == "" {
		c.Empty++
		return
	}
	k := counted{Formats: candidates(h, stored)}
	info, err := h.Inspect(stored)
	k.Cost = info.Cost
	if bad, ok := errors.AsType[*pwhash.FormatError](err); ok && bad.Problem != pwhash.NotAccepted {
		k.Problem = strings.TrimPrefix(bad.Error(), "pwhash: ")
	} else if beyond, ok := errors.AsType[*pwhash.BoundsError](err); ok {
		k.Problem = fmt.Sprintf("%s is %d, over the bound of %d", beyond.Param, beyond.Value, beyond.Max)
		if beyond.Value < beyond.Min {
			k.Problem = fmt.Sprintf("%s is %d, under the least of %d", beyond.Param, beyond.Value, beyond.Min)
		}
	}
	switch {
	case len(k.Formats) == 0 || k.Problem != "":
		c.Hopeless++
	case len(k.Formats) > 1 && !marked(stored):
		c.Ambiguous++
	}
	key := strings.Join(k.Formats, " ") + "\x00" + k.Cost + "\x00" + k.Problem
	if c.byKind == nil {
		c.byKind = map[string]*counted{}
	}
	known := c.byKind[key]
	if known == nil && len(c.byKind) >= maxKinds {
		k.Cost = "others"
		key = strings.Join(k.Formats, " ")
		known = c.byKind[key]
	}
	if known == nil {
		k.First = number
		known = &k
		c.byKind[key] = known
		c.Kinds = append(c.Kinds, known)
	}
	known.Rows++
}

// marked are the hashes that begin with the name of what made them. What can be hashed in them besides the
// password, as its MD5, is not what one expects of them.
func marked(stored pwhash.Hash) bool { return stored[0] == '$' || stored[0] == '{' }

func newInspect(o *options) *cobra.Command {
	var cols columns
	var format string
	c := &cobra.Command{
		Use:   "inspect FILE|DSN",
		Short: "Count formats, costs, ambiguous and hopeless rows",
		Long: `inspect counts what kinds of hashes an export, or the mapped table of a database, has. It
computes no hash and changes nothing. A row is ambiguous where it fits several formats and has no mark of
one: probe tells which one it is. It is hopeless where nobody can sign in with it: it is malformed, or asks for more
than the bounds allow. FILE can be "-" for standard input. With a connection string, or without an
argument, it is the table of --config.

It exits with 1 if a row is hopeless.`,
		Example: `  passwdctl hashes inspect users.csv --hash-column pass
  passwdctl hashes inspect firebase-users.json --json
  passwdctl hashes inspect postgres://app@db.internal/app --config passwdctl.json`,
		Args: cobra.MaximumNArgs(1),
		RunE: runs(func(cmd *cobra.Command, args []string) error {
			f := foreign.Format("")
			var err error
			if format != "" {
				if f, err = formatNamed(format); err != nil {
					return err
				}
			}
			var result census
			if len(args) == 1 && dialectOf(args[0]) == "" {
				err = inspectFile(cmd.Context(), o, source{args[0], cols.kind}, cols, f, &result)
			} else {
				if len(args) == 1 && o.dsn == "" {
					o.dsn = args[0]
				}
				err = inspectTable(cmd.Context(), o, f, &result)
			}
			if err != nil {
				return err
			}
			slices.SortStableFunc(result.Kinds, func(a, b *counted) int { return b.Rows - a.Rows })
			if o.json {
				err = writeJSON(cmd.OutOrStdout(), result)
			} else {
				err = result.write(cmd.OutOrStdout())
			}
			if err == nil && result.Hopeless+result.Broken > 0 {
				err = found("%d of %d rows are hopeless", result.Hopeless+result.Broken, result.Rows+result.Broken)
			}
			return err
		}),
	}
	cols.flags(c)
	c.Flags().StringVar(&format, "format", "", "the `format` that rows are taken for, by its name or as a line")
	c.RegisterFlagCompletionFunc("format", completeFormats)
	return c
}

func inspectFile(ctx context.Context, o *options, s source, cols columns, f foreign.Format, result *census) error {
	c, err := o.load()
	if err != nil {
		return err
	}
	h := c.hasher()
	if f != "" {
		h = as(h, f)
	}
	for r, err := range s.rows() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if coded, ok := errors.AsType[*codeError](err); ok {
			return coded
		}
		var stored pwhash.Hash
		if err == nil {
			stored, err = cols.hashOf(r, f)
		}
		if err != nil {
			result.Broken++
			continue
		}
		result.add(h, r.number, stored)
	}
	return nil
}

func inspectTable(ctx context.Context, o *options, f foreign.Format, result *census) error {
	db, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer db.close()
	h := db.config.hasher()
	if f != "" {
		h = as(h, f)
	}
	n := 0
	for u, err := range db.table.users(ctx, "", true) {
		if err != nil {
			return err
		}
		n++
		result.add(h, n, u.hash)
	}
	return nil
}

func (c *census) write(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "ROWS\tFORMAT\tCOST\tFIRST ROW\tPROBLEM")
	for _, k := range c.Kinds {
		formats := strings.Join(k.Formats, " or ")
		if formats == "" {
			formats = "?"
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%s\n", k.Rows, formats, k.Cost, k.First, k.Problem)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%d rows: %d without a hash, %d ambiguous, %d hopeless, %d unreadable\n", c.Rows, c.Empty, c.Ambiguous, c.Hopeless, c.Broken)
	return err
}

// probed is the answer about one row.
type probed struct {
	Row        int      `json:"row"`
	Name       string   `json:"name,omitempty"`
	Result     string   `json:"result"` // match, mismatch, error
	Format     string   `json:"format,omitempty"`
	Needs      string   `json:"needs,omitempty"` // "latin1": it matches with that option
	Candidates []string `json:"candidates,omitempty"`
	Error      string   `json:"error,omitempty"`
	named      bool     // its format is given
}

func newProbe(o *options) *cobra.Command {
	var cols columns
	var format string
	c := &cobra.Command{
		Use:   "probe FILE",
		Short: "Verify known passwords against rows",
		Long: `probe verifies passwords that are known against stored hashes, and so tells which format a
table has before anything is wrapped or accepted. FILE, or "-", has JSON lines:

  {"hash": "…", "password": "…", "format": "…"}

format is a name (passwdctl hashes formats lists them) or a scheme in one line; without it, every format
that fits is tried and the one that matches is named. Where a format takes more than the hash, the row
can have "salt", "user" and "rounds", which are joined to it; "secret", for what a format calls so, or
its pepper; and "firebase" with signer_key, salt_separator, rounds and mem_cost. hash may be a JSON object.
Other exports work too, with a column "password" for the password and --hash-column.

A password that does not match is tried in ISO 8859-1 as well; a match then says that it needs "latin1".

It exits with 1 if a row with a format does not match.`,
		Example: `  passwdctl hashes probe known.jsonl
  passwdctl hashes probe known.jsonl --format 'hash:salt = md5(md5(pw) + salt)'
  echo '{"hash": "$2y$10$…", "password": "hunter2"}' | passwdctl hashes probe -`,
		Args: cobra.ExactArgs(1),
		RunE: runs(func(cmd *cobra.Command, args []string) error {
			config, err := o.load()
			if err != nil {
				return err
			}
			if cols.kind == "" {
				cols.kind = "jsonl"
				if k := guessKind(args[0], nil); strings.HasSuffix(strings.ToLower(args[0]), k) {
					cols.kind = k
				}
			}
			return probe(cmd.Context(), cmd.OutOrStdout(), o.json, config, source{args[0], cols.kind}.rows(), cols, format)
		}),
	}
	cols.flags(c)
	c.Flags().StringVar(&format, "format", "", "the `format` of the rows that name none")
	c.RegisterFlagCompletionFunc("format", completeFormats)
	return c
}

func probe(ctx context.Context, out io.Writer, asJSON bool, c config, rows iter.Seq2[row, error], cols columns, format string) error {
	matched, wrong, unknown := 0, 0, 0
	for r, err := range rows {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if coded, ok := errors.AsType[*codeError](err); ok {
			return coded
		}
		p := probed{Row: r.number, Result: "error"}
		if err != nil {
			p.Error, p.named = err.Error(), true
		} else {
			if r.fields["format"] == "" && format != "" {
				r.fields["format"] = format
			}
			p = probeRow(ctx, c, r, cols)
		}
		switch {
		case p.Result == "match":
			matched++
		case p.named:
			wrong++
		default:
			unknown++
		}
		if err := p.write(out, asJSON); err != nil {
			return err
		}
	}
	if !asJSON {
		fmt.Fprintf(out, "\n%d match, %d of a named format do not, %d match no format\n", matched, wrong, unknown)
	}
	if wrong > 0 {
		return found("%d rows do not match the format that is named", wrong)
	}
	return nil
}

// probeRow verifies one row. With no format, all that need nothing that is not there are tried.
func probeRow(ctx context.Context, c config, r row, cols columns) probed {
	p := probed{Row: r.number, Name: r.fields["name"], named: r.fields["format"] != "", Result: "error"}
	h, err := probeHasher(c, r)
	if err != nil {
		p.Error = err.Error()
		return p
	}
	if cols.hash == "" && r.fields["hash"] != "" {
		cols.hash = "hash" // "password" is the password
	}
	var f foreign.Format
	if p.named {
		if f, err = formatNamed(r.fields["format"]); err == nil {
			p.Format = string(f)
		}
	}
	var stored pwhash.Hash
	if err == nil {
		stored, err = cols.hashOf(r, f)
	}
	if err != nil {
		p.Error = err.Error()
		return p
	}
	password, known := r.fields["password"]
	if !known {
		p.Error = "there is no password"
		return p
	}
	p.Candidates = candidates(h, stored)
	tries := []foreign.Format{f}
	if f == "" {
		tries = nil
		for _, name := range p.Candidates {
			tries = append(tries, foreign.Format(name))
		}
	}
	p.try(ctx, h, stored, password, tries)
	if !p.named && p.Result != "match" && (r.fields[cols.salt] != "" || r.fields["user"] != "") {
		p.tryJoined(ctx, h, r, cols, password)
	}
	return p
}

// tryJoined tries the schemes that take what the row has in columns of its own.
func (p *probed) tryJoined(ctx context.Context, h foreign.Hasher, r row, cols columns, password string) {
	for _, f := range foreign.Formats() {
		if len(foreign.Lines(f)) == 0 {
			continue
		}
		stored, err := cols.hashOf(r, f)
		if err != nil {
			continue
		}
		if p.try(ctx, h, stored, password, []foreign.Format{f}); p.Result == "match" {
			return
		}
	}
}

// try verifies with one format after the other, in UTF-8 and then in ISO 8859-1.
func (p *probed) try(ctx context.Context, h foreign.Hasher, stored pwhash.Hash, password string, tries []foreign.Format) {
	for _, latin1 := range []bool{h.Latin1, true} {
		for _, f := range tries {
			one := as(h, f)
			one.Latin1 = latin1
			if err := one.Validate(); err != nil {
				if p.named {
					p.Error = strings.TrimPrefix(err.Error(), "foreign: ")
				}
				continue
			}
			v, err := one.Verify(ctx, stored, password)
			if v.Match {
				p.Result, p.Format, p.Error = "match", string(f), ""
				if latin1 && !h.Latin1 {
					p.Needs = "latin1"
				}
				return
			}
			if err != nil {
				p.Error = strings.TrimPrefix(err.Error(), "pwhash: ")
			} else {
				p.Result = "mismatch"
			}
		}
		if password == strings.ToValidUTF8(password, "") && !hasHighBytes(password) {
			break
		}
	}
	if len(tries) == 0 {
		_, err := h.Inspect(stored)
		if p.Error = "no format fits"; err != nil {
			p.Error = strings.TrimPrefix(err.Error(), "pwhash: ")
		}
	}
	if p.Result == "mismatch" {
		p.Error = ""
	}
}

func hasHighBytes(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r > 127 })
}

// probeHasher has what the row says about secrets.
func probeHasher(c config, r row) (foreign.Hasher, error) {
	if secret := r.fields["secret"]; secret != "" {
		c.SchemeSecret, c.DevisePepper, c.FlaskSecuritySalt, c.SpringSecret = value(secret), value(secret), value(secret), value(secret)
	}
	if pepper := r.fields["pepper"]; pepper != "" {
		c.DevisePepper, c.FlaskSecuritySalt, c.SchemeSecret = value(pepper), value(pepper), value(pepper)
	}
	if raw := r.fields["firebase"]; raw != "" {
		params, err := flatten([]byte(raw))
		if err != nil {
			return foreign.Hasher{}, errors.New("firebase is no object")
		}
		f := &c.Firebase
		f.SignerKey, f.SaltSeparator = value(first(params, "signer_key", "base64_signer_key", "signerKey")), value(first(params, "salt_separator", "base64_salt_separator", "saltSeparator"))
		if _, err := fmt.Sscan(first(params, "rounds"), &f.Rounds); err != nil {
			f.Rounds = 0
		}
		if _, err := fmt.Sscan(first(params, "mem_cost", "memCost"), &f.MemCost); err != nil {
			f.MemCost = 0
		}
	}
	c.Accept = nil
	return c.hasher(), nil
}

func first(fields map[string]string, names ...string) string {
	for _, name := range names {
		if v := fields[name]; v != "" {
			return v
		}
	}
	return ""
}

func (p probed) write(out io.Writer, asJSON bool) error {
	if asJSON {
		return writeLine(out, p)
	}
	line := fmt.Sprintf("%d\t%s\t%s", p.Row, p.Result, p.Format)
	if p.Needs != "" {
		line += " (needs " + p.Needs + ")"
	}
	if p.Name != "" {
		line += "\t" + p.Name
	}
	if p.Error != "" {
		line += "\t" + p.Error
	}
	if p.Result != "match" && len(p.Candidates) > 0 && !p.named {
		line += "\tcan be " + strings.Join(p.Candidates, ", ")
	}
	_, err := fmt.Fprintln(out, line)
	return err
}

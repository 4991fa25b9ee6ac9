package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
	"github.com/spf13/cobra"
)

// wrapped says what became of the rows of a table.
type wrapped struct {
	DryRun   bool `json:"dry_run"`
	Rows     int  `json:"rows"`
	Wrapped  int  `json:"wrapped"`  // or would be
	Earlier  int  `json:"earlier"`  // by an earlier run
	Others   int  `json:"others"`   // hashes of another format
	Empty    int  `json:"empty"`    // no hash
	Overtook int  `json:"overtook"` // their owner signed in meanwhile
}

func newWrap(o *options) *cobra.Command {
	var (
		format, probes, tenant string
		workers                int
		write, allTenants      bool
	)
	c := &cobra.Command{
		Use:   "wrap",
		Short: "Put Argon2id around weak hashes at rest",
		Long: `wrap puts a hash of Argon2id around each fast hash of the mapped table, so that it need not wait for its
owner to sign in to be safe. Add "wrapped" to what your service accepts before you run it, and delete the weak
hashes from backups afterwards.

What is wrapped as the wrong format matches no password ever again. So the format is named, and --probes is a
file as that of "passwdctl hashes probe": all its rows must match. It is required where the format has no
mark of its own, as for 32, 40 or 64 hex digits.

Without --write it only counts. It may be stopped and run again at any time: each row is written by
compare-and-swap, and wrapped rows are passed over. Each worker holds the memory of one hash, 19 MiB.`,
		Example: `  passwdctl wrap --config passwdctl.json --format insecure_md5 --probes known.jsonl
  passwdctl wrap --config passwdctl.json --format 'hash:salt = md5(md5(pw) + salt)' --probes known.jsonl --workers 4 --write`,
		Args: cobra.NoArgs,
		RunE: runs(func(cmd *cobra.Command, _ []string) error {
			if format == "" {
				return usage("--format is required: passwdctl hashes inspect and probe tell what it is")
			}
			f, err := formatNamed(format)
			if err != nil {
				return err
			}
			db, err := o.open(cmd.Context())
			if err != nil {
				return err
			}
			defer db.close()
			known, err := readProbes(db.config, probes, f)
			if err != nil {
				return err
			}
			w, err := foreign.NewWrapper(cmd.Context(), db.config.hasher(), f, known...)
			if errors.Is(err, foreign.ErrProbe) {
				return found("%w", err)
			}
			if err != nil {
				return usage("%w", err)
			}
			result := wrapped{DryRun: !write}
			total, err := db.table.count(cmd.Context(), tenant, allTenants)
			if err != nil {
				return err
			}
			p := newProgress(cmd.ErrOrStderr(), total, o.json)
			err = wrapTable(cmd.Context(), db, w, f, &result, workers, tenant, allTenants, p)
			if o.json {
				return errors.Join(err, writeJSON(cmd.OutOrStdout(), result))
			}
			verb := "wrapped"
			if result.DryRun {
				verb = "would be wrapped (--write does it)"
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d rows: %d %s, %d by an earlier run, %d of another format, %d without a hash, %d changed meanwhile\n",
				result.Rows, result.Wrapped, verb, result.Earlier, result.Others, result.Empty, result.Overtook)
			return err
		}),
	}
	fl := c.Flags()
	fl.StringVar(&format, "format", "", "the `format` to wrap, by its name or as a line")
	fl.StringVar(&probes, "probes", "", "`file` of rows whose password is known")
	fl.StringVar(&tenant, "tenant", "", "only the users of this `tenant`")
	fl.BoolVar(&allTenants, "all-tenants", false, "the users of all tenants")
	fl.IntVar(&workers, "workers", runtime.GOMAXPROCS(0), "`number` of hashes computed at once")
	fl.BoolVar(&write, "write", false, "write; without it, only count")
	c.RegisterFlagCompletionFunc("format", completeFormats)
	return c
}

func readProbes(c config, file string, f foreign.Format) ([]foreign.Probe, error) {
	if file == "" {
		return nil, nil
	}
	var all []foreign.Probe
	cols := columns{hash: "hash", salt: "salt", rounds: "rounds"}
	for r, err := range (source{file, "jsonl"}).rows() {
		if err != nil {
			return nil, usage("%s: %w", file, err)
		}
		stored, err := cols.hashOf(r, f)
		if err != nil {
			return nil, usage("%s, row %d: %w", file, r.number, err)
		}
		password, known := r.fields["password"]
		if !known {
			return nil, usage("%s, row %d: no password", file, r.number)
		}
		all = append(all, foreign.Probe{Stored: stored, Password: password})
	}
	return all, nil
}

// wrapTable reads the table and has workers wrap what is of the format.
func wrapTable(ctx context.Context, db *opened, w *foreign.Wrapper, f foreign.Format, result *wrapped, workers int, tenant string, allTenants bool, p *progress) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	h := as(db.config.hasher(), f)
	work := make(chan user)
	var (
		wg sync.WaitGroup
		mu sync.Mutex // of result
	)
	for range max(workers, 1) {
		wg.Go(func() {
			for u := range work {
				done, err := wrapOne(ctx, db.store, w, u)
				if err != nil {
					cancel(err)
					continue
				}
				mu.Lock()
				if done {
					result.Wrapped++
				} else {
					result.Overtook++
				}
				mu.Unlock()
			}
		})
	}
	for u, err := range db.table.users(ctx, tenant, allTenants) {
		if err != nil {
			cancel(err)
			break
		}
		mu.Lock()
		result.Rows++
		if weak(u.hash, h, result) && !result.DryRun {
			mu.Unlock()
			select {
			case work <- u:
			case <-ctx.Done():
			}
			mu.Lock()
		}
		rows := result.Rows
		mu.Unlock()
		p.at(rows)
	}
	close(work)
	wg.Wait()
	p.end(result.Rows)
	return context.Cause(ctx)
}

// weak counts a row, and reports whether it is to be wrapped.
func weak(stored pwhash.Hash, h foreign.Hasher, result *wrapped) bool {
	if stored == "" {
		result.Empty++
		return false
	}
	if formats := foreign.Detect(stored); len(formats) > 0 && formats[0] == foreign.Wrapped {
		result.Earlier++
		return false
	}
	if _, err := h.Inspect(stored); err != nil {
		result.Others++
		return false
	}
	if result.DryRun {
		result.Wrapped++
	}
	return true
}

func wrapOne(ctx context.Context, store passwd.Store, w *foreign.Wrapper, u user) (bool, error) {
	strong, err := w.Wrap(ctx, u.hash)
	if err != nil {
		return false, err
	}
	done, err := store.Rehash(ctx, u.ref, u.hash, strong)
	if errors.Is(err, passwd.ErrNotFound) {
		return false, nil
	}
	return done, err
}

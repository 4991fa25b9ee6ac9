package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/spf13/cobra"
)

func newMigrate(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "Create the library's own tables, or bring them up to date", Args: cobra.NoArgs,
		Long:    "migrate creates the library's own tables beside yours, or brings them up to date. It does not touch yours, and does\nnothing when there is nothing to do.",
		Example: "  passwdctl migrate --config passwdctl.json",
		RunE: runs(func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), func(db *opened) error {
				if err := db.store.Migrate(cmd.Context()); err != nil {
					return err
				}
				return o.say(cmd, map[string]any{"migrated": true}, "The library's tables are up to date.")
			})
		}),
	}
}

func newVerify(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "verify", Short: "Check the library's tables and the mapping of yours", Args: cobra.NoArgs,
		Long:    "verify checks that the library's tables are there and that your table has every mapped column, of a type that fits.\n\nIt exits with 1 if something does not, and names all of it.",
		Example: "  passwdctl verify --config passwdctl.json",
		RunE: runs(func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), func(db *opened) error {
				if err := db.store.Verify(cmd.Context()); err != nil {
					return found("%w", err)
				}
				return o.say(cmd, map[string]any{"fits": true}, "The tables and the mapping fit.")
			})
		}),
	}
}

func newPurge(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "purge", Short: "Delete tokens, sessions and counts that have expired", Args: cobra.NoArgs,
		Long:    "purge deletes tokens, sessions and counts of the limiter that have expired. The service does so itself while it runs.",
		Example: "  passwdctl purge --config passwdctl.json",
		RunE: runs(func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), func(db *opened) error {
				total := 0
				for more := true; more; {
					var n int
					var err error
					if n, more, err = db.store.Purge(cmd.Context(), time.Now(), 1000); err != nil {
						return err
					}
					total += n
				}
				return o.say(cmd, map[string]any{"deleted": total}, fmt.Sprintf("%d rows are deleted.", total))
			})
		}),
	}
}

// waiting is the queue as its table tells it. What a job is about is sealed.
type waiting struct {
	Jobs     int        `json:"jobs"`
	Due      int        `json:"due"`
	Leased   int        `json:"leased"` // in the hands of a worker
	Retried  int        `json:"retried"`
	Oldest   *time.Time `json:"oldest_due,omitempty"`
	Longest  string     `json:"waits_since,omitempty"`
	Attempts int        `json:"most_attempts"`
}

func newQueue(o *options) *cobra.Command {
	var limit time.Duration
	c := &cobra.Command{
		Use: "queue", Short: "Say what waits to be delivered, and since when", Args: cobra.NoArgs,
		Long:    "queue says how many messages wait to be delivered and since when. What they are is sealed with the service's key.\n\nIt exits with 1 if one has been due for longer than --late.",
		Example: "  passwdctl queue --config passwdctl.json --late 10m",
		RunE: runs(func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), func(db *opened) error {
				q, err := db.table.queue(cmd.Context(), time.Now())
				if err != nil {
					return err
				}
				text := fmt.Sprintf("%d wait: %d due, %d in hand, %d tried before (%d times at most)", q.Jobs, q.Due, q.Leased, q.Retried, q.Attempts)
				if q.Oldest != nil {
					text += fmt.Sprintf("; the oldest is due since %s (%s)", q.Oldest.Format(time.RFC3339), q.Longest)
				}
				if err := o.say(cmd, q, text); err != nil {
					return err
				}
				if q.Oldest != nil && time.Since(*q.Oldest) > limit {
					return found("a message has been due for %s", q.Longest)
				}
				return nil
			})
		}),
	}
	c.Flags().DurationVar(&limit, "late", 15*time.Minute, "how long a message may be due")
	return c
}

func (t *table) queue(ctx context.Context, now time.Time) (q waiting, err error) {
	prefix := t.config.Prefix
	if prefix == "" {
		prefix = "passwd_"
	}
	s := &statement{t: t}
	at := now.UnixMicro()
	s.add("SELECT count(*), coalesce(sum(CASE WHEN not_before <= %s AND (leased_until IS NULL OR leased_until <= %s) THEN 1 ELSE 0 END), 0), ", s.arg(at), s.arg(at))
	s.add("coalesce(sum(CASE WHEN leased_until > %s THEN 1 ELSE 0 END), 0), coalesce(sum(CASE WHEN attempts > 0 THEN 1 ELSE 0 END), 0), coalesce(max(attempts), 0), ", s.arg(at))
	s.add("min(CASE WHEN not_before <= %s THEN not_before END) FROM %s", s.arg(at), t.quoted(prefix+"job"))
	var oldest sql.NullInt64
	err = t.db.QueryRowContext(ctx, s.String(), s.args...).Scan(&q.Jobs, &q.Due, &q.Leased, &q.Retried, &q.Attempts, &oldest)
	if oldest.Valid {
		due := time.UnixMicro(oldest.Int64).UTC()
		q.Oldest, q.Longest = &due, now.Sub(due).Round(time.Second).String()
	}
	return q, err
}

func newCalibrate(o *options) *cobra.Command {
	var (
		target time.Duration
		maxMiB uint32
		fast   bool
	)
	c := &cobra.Command{
		Use: "calibrate", Short: "Suggest the costs of new hashes for this machine", Args: cobra.NoArgs,
		Long: `calibrate measures which costs of Argon2id take at most the target on this machine. Run it where the service
will run, while nothing else does, and write the result into its configuration. The memory is that of one
hash: what can be spared, divided by HashWorkers.`,
		Example: "  passwdctl calibrate --target 100ms --max-mib 64",
		RunE: runs(func(cmd *cobra.Command, _ []string) error {
			var key pwhash.Argon2Key // of golang.org/x/crypto
			if fast {
				key = argon2.Key
			}
			a, took, err := pwhash.Calibrate(cmd.Context(), key, target, maxMiB<<10)
			if err != nil {
				return usage("%w", err)
			}
			return o.say(cmd, map[string]any{"kib": a.KiB, "passes": a.Passes, "lanes": a.Lanes, "milliseconds": float64(took.Microseconds()) / 1000},
				fmt.Sprintf("pwhash.Argon2id{KiB: %d, Passes: %d} takes %s", a.KiB, a.Passes, took.Round(100*time.Microsecond)))
		}),
	}
	c.Flags().DurationVar(&target, "target", 75*time.Millisecond, "how long a hash may take")
	c.Flags().BoolVar(&fast, "fastargon2", false, "measure the module fastargon2, if that is the service's Argon2id.Key")
	c.Flags().Uint32Var(&maxMiB, "max-mib", 64, "how many `MiB` of memory it may hold")
	return c
}

func newAccounts(o *options) *cobra.Command {
	c := &cobra.Command{
		Use: "accounts", Short: "Look after accounts",
		Long: `The commands of accounts act on one account: by its id, or with --by on the one whose username, email or mobile is
given. Those that tell its owner write a message, which the running service delivers: they need the service's
key ("key" in the file of --config, as "env:PASSWD_KEY").`,
	}
	var by, tenant string
	flags := c.PersistentFlags()
	flags.StringVar(&by, "by", "id", "what the argument is: id, username, email or mobile")
	flags.StringVar(&tenant, "tenant", "", "the `tenant` of the account")
	act := func(use, short, example string, f func(cmd *cobra.Command, db *opened, svc *passwd.Service, r passwd.Ref) error) *cobra.Command {
		return &cobra.Command{
			Use: use + " ACCOUNT", Short: short, Example: example, Args: cobra.ExactArgs(1),
			RunE: runs(func(cmd *cobra.Command, args []string) error {
				return o.with(cmd.Context(), func(db *opened) error {
					svc, err := db.service()
					if err != nil {
						return err
					}
					r, err := db.ref(cmd.Context(), by, tenant, args[0])
					if err != nil {
						return err
					}
					err = f(cmd, db, svc, r)
					if errors.Is(err, passwd.ErrNotFound) {
						return found("there is no such account")
					}
					return err
				})
			}),
		}
	}
	var reason string
	require := act("require-change", "Have the password changed at the next sign-in", "  passwdctl accounts require-change 42 --reason policy",
		func(cmd *cobra.Command, _ *opened, svc *passwd.Service, r passwd.Ref) error {
			if err := svc.RequireChange(cmd.Context(), passwd.RequireChange{Account: r, Reason: passwd.Reason(reason)}); err != nil {
				if errors.Is(err, passwd.ErrInvalidRequest) {
					return usage("--reason is %s, %s or %s", passwd.Administrator, passwd.Expired, passwd.Outdated)
				}
				return err
			}
			return o.say(cmd, map[string]any{"account": r.ID, "must": reason}, "The password must be changed at the next sign-in.")
		})
	require.Flags().StringVar(&reason, "reason", string(passwd.Administrator), "`why`, which the owner is told")
	var ttl time.Duration
	temporary := act("temporary", "Set a random password that is good for nothing but a change, and print it", "  passwdctl accounts temporary ada@example.com --by email --ttl 4h",
		func(cmd *cobra.Command, _ *opened, svc *passwd.Service, r passwd.Ref) error {
			issued, err := svc.IssueTemporary(cmd.Context(), passwd.IssueTemporary{Account: r, TTL: ttl})
			if err != nil {
				return err
			}
			return o.say(cmd, map[string]any{"account": r.ID, "password": issued.Password, "until": issued.Until},
				fmt.Sprintf("%s\nIt is good until %s.", issued.Password, issued.Until.Format(time.RFC3339)))
		})
	temporary.Flags().DurationVar(&ttl, "ttl", 24*time.Hour, "how long it is good")
	c.AddCommand(
		require, temporary,
		act("suspend", "Suspend a password that somebody else knows, and end every session", "  passwdctl accounts suspend 42",
			func(cmd *cobra.Command, _ *opened, svc *passwd.Service, r passwd.Ref) error {
				if err := svc.MarkCompromised(cmd.Context(), passwd.MarkCompromised{Account: r}); err != nil {
					return err
				}
				return o.say(cmd, map[string]any{"account": r.ID, "must": string(passwd.Compromised)}, "The password is suspended; its owner is told, and comes back by a reset.")
			}),
		act("revoke", "End every session and link, and keep the password", "  passwdctl accounts revoke ada --by username",
			func(cmd *cobra.Command, _ *opened, svc *passwd.Service, r passwd.Ref) error {
				epoch, err := svc.Revoke(cmd.Context(), passwd.Revoke{Account: r})
				if err != nil {
					return err
				}
				return o.say(cmd, map[string]any{"account": r.ID, "epoch": epoch}, "Every session and link has ended.")
			}),
		act("forget", "Remove everything of the library's about an account that is deleted", "  passwdctl accounts forget 42",
			func(cmd *cobra.Command, _ *opened, svc *passwd.Service, r passwd.Ref) error {
				if err := svc.Forget(cmd.Context(), r); err != nil {
					return err
				}
				return o.say(cmd, map[string]any{"account": r.ID, "forgotten": true}, "Nothing of the account is left.")
			}),
		&cobra.Command{
			Use: "revoke-all", Short: "End every session and link of all accounts, after the database has gone back in time", Args: cobra.NoArgs,
			Example: "  passwdctl accounts revoke-all",
			Long: `For a database that was restored from a backup, or that failed over to a replica that was behind: what was ended
since would be good again. Every epoch is raised by a million, in one transaction; passwords stay.`,
			RunE: runs(func(cmd *cobra.Command, _ []string) error {
				return o.with(cmd.Context(), func(db *opened) error {
					svc, err := db.service()
					if err != nil {
						return err
					}
					n, err := svc.RevokeAll(cmd.Context())
					if err != nil {
						return err
					}
					return o.say(cmd, map[string]any{"accounts": n}, fmt.Sprintf("Every session and link of %d accounts has ended.", n))
				})
			}),
		},
		newAccountInspect(o, &by, &tenant),
	)
	return c
}

// ref finds the account of an argument. For forget it need not exist, if it is named by its id.
func (o *opened) ref(ctx context.Context, by, tenant, argument string) (passwd.Ref, error) {
	im := importing{opened: o, by: by, tenant: tenant}
	switch by {
	case "id", "username", "email", "mobile":
	default:
		return passwd.Ref{}, usage("--by is id, username, email or mobile")
	}
	id, reason, err := im.find(ctx, argument)
	if err != nil {
		return passwd.Ref{}, err
	}
	if reason != "" {
		return passwd.Ref{}, found("%s", reason)
	}
	return passwd.Ref{Tenant: tenant, ID: id}, nil
}

func newAccountInspect(o *options, by, tenant *string) *cobra.Command {
	return &cobra.Command{
		Use: "inspect ACCOUNT", Short: "Say how an account stands, without its hash", Example: "  passwdctl accounts inspect ada@example.com --by email",
		Args: cobra.ExactArgs(1),
		RunE: runs(func(cmd *cobra.Command, args []string) error {
			return o.with(cmd.Context(), func(db *opened) error {
				r, err := db.ref(cmd.Context(), *by, *tenant, args[0])
				if err != nil {
					return err
				}
				a, err := db.store.Get(cmd.Context(), r)
				if errors.Is(err, passwd.ErrNotFound) {
					return found("there is no such account")
				}
				if err != nil {
					return err
				}
				return showAccount(cmd, o, db, a)
			})
		}),
	}
}

func showAccount(cmd *cobra.Command, o *options, db *opened, a passwd.Account) error {
	view := struct {
		ID        string     `json:"id"`
		Tenant    string     `json:"tenant,omitempty"`
		Active    bool       `json:"active"`
		Disabled  bool       `json:"disabled"`
		Password  string     `json:"password"` // what kind of hash
		Cost      string     `json:"cost,omitempty"`
		Stale     bool       `json:"stale"`
		Must      string     `json:"must,omitempty"`
		MustUntil *time.Time `json:"must_until,omitempty"`
		ChangedAt *time.Time `json:"changed_at,omitempty"`
		Epoch     int64      `json:"epoch"`
	}{ID: a.Ref.ID, Tenant: a.Ref.Tenant, Active: a.Active, Disabled: a.Disabled, Must: string(a.Must), Epoch: a.Epoch}
	switch info, err := db.config.hasher().Inspect(a.Hash); {
	case a.Hash == "":
		view.Password = "none"
	case err != nil:
		view.Password = "unusable: " + err.Error()
	default:
		view.Password, view.Cost, view.Stale = info.Format, info.Cost, info.Stale
	}
	if !a.MustUntil.IsZero() {
		view.MustUntil = &a.MustUntil
	}
	if !a.ChangedAt.IsZero() {
		view.ChangedAt = &a.ChangedAt
	}
	if o.json {
		return writeJSON(cmd.OutOrStdout(), view)
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "id\t%s\nactive\t%t\ndisabled\t%t\npassword\t%s %s\nstale\t%t\nmust change\t%s\nepoch\t%d\n",
		view.ID, view.Active, view.Disabled, view.Password, view.Cost, view.Stale, view.Must, view.Epoch)
	if view.ChangedAt != nil {
		fmt.Fprintf(w, "changed\t%s\n", view.ChangedAt.Format(time.RFC3339))
	}
	if view.MustUntil != nil {
		fmt.Fprintf(w, "good until\t%s\n", view.MustUntil.Format(time.RFC3339))
	}
	return w.Flush()
}

// with opens the database for a command.
func (o *options) with(ctx context.Context, f func(*opened) error) error {
	db, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer db.close()
	return f(db)
}

// say answers in words or in JSON.
func (o *options) say(cmd *cobra.Command, v any, text string) error {
	if o.json {
		return writeJSON(cmd.OutOrStdout(), v)
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), text)
	return err
}

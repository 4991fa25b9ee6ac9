// Command passwdctl is for those who run a service that has its passwords in package
// passwd: it counts and proves the hashes of an old system, imports and wraps them, and
// looks after the accounts.
//
//	passwdctl help
//
// It never takes a password as an argument, nor a connection string with one: both would be in
// the list of processes. It exits with 0 if all is well, 1 if what it was asked to judge is not,
// 2 if it was called or configured wrongly, and 3 if it could not do its work.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

const (
	exitFound  = 1
	exitUsage  = 2
	exitFailed = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, newRoot(), os.Args[1:])
	stop()
	os.Exit(code)
}

// run executes a command line and returns its exit code.
func run(ctx context.Context, root *cobra.Command, args []string) int {
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(root.ErrOrStderr(), "passwdctl:", err)
	coded, ok := errors.AsType[*codeError](err)
	if !ok {
		return exitUsage // of cobra: an unknown command or flag
	}
	return coded.code
}

// codeError is an error with an exit code.
type codeError struct {
	code int
	err  error
}

func (e *codeError) Error() string { return e.err.Error() }
func (e *codeError) Unwrap() error { return e.err }

func found(format string, args ...any) error {
	return &codeError{exitFound, fmt.Errorf(format, args...)}
}

func usage(format string, args ...any) error {
	return &codeError{exitUsage, fmt.Errorf(format, args...)}
}

// failed gives an error that has no code the one of a failure.
func failed(err error) error {
	if _, ok := errors.AsType[*codeError](err); ok || err == nil {
		return err
	}
	return &codeError{exitFailed, err}
}

// runs makes a cobra function of one whose errors are failures unless they say otherwise.
func runs(f func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error { return failed(f(cmd, args)) }
}

// options are the flags that all commands have.
type options struct {
	config string
	dsn    string
	json   bool
}

func newRoot() *cobra.Command {
	o := &options{}
	root := &cobra.Command{
		Use:   "passwdctl",
		Short: "Count, prove, import and wrap password hashes, and look after accounts",
		Long: `passwdctl counts, proves, imports and wraps the password hashes of an old system, and
looks after the accounts of a service that has its passwords in package passwd.

Commands that use the database read a file of JSON (--config, or PASSWDCTL_CONFIG) that maps the
users table. Its connection string can be in PASSWDCTL_DSN instead. A value "env:NAME" is that of
an environment variable:

  {"dsn": "env:DATABASE_URL",
   "users": {"table": "users", "id": "id", "id_type": "bigint", "email": "email", "hash": "password"}}

Exit codes: 0 all is well; 1 what was judged is not; 2 wrong usage or configuration; 3 failed.`,
		SilenceUsage: true, SilenceErrors: true,
	}
	flags := root.PersistentFlags()
	flags.StringVar(&o.config, "config", os.Getenv("PASSWDCTL_CONFIG"), "JSON `file` with the connection and the mapping")
	flags.StringVar(&o.dsn, "dsn", "", "connection string `without` a password; else PASSWDCTL_DSN")
	flags.BoolVar(&o.json, "json", false, "write JSON")
	root.AddCommand(
		newHashes(o), newImport(o), newWrap(o), newMigrate(o), newVerify(o), newAccounts(o), newPurge(o), newQueue(o), newCalibrate(o),
	)
	return root
}

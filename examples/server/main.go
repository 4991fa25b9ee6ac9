// Command server is an ordinary web app with the library in it: a users table of
// its own, pages for sign-up and sign-in, a cookie session. Everything it stores is in one
// database of SQLite, PostgreSQL, MySQL or MariaDB, which several servers may share.
//
//	go run ./examples/server [-addr 127.0.0.1:8080] [-db URL] [-smtp URL]
//
//	-db sqlite:demo.db
//	-db postgres://user:password@127.0.0.1:5432/demo
//	-db mysql://user:password@127.0.0.1:3306/demo
//
// Without -db it begins with a fresh SQLite file, and removes that at the end. Else
// the database has to exist; missing tables are created, and demo accounts go into
// an empty users table alone.
//
// With -smtp, mail is sent as well as shown under /dev/.
//
// It is a demo: its accounts and its key are public, and whoever reaches its
// address reads the mail that it sends.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

func main() {
	// Every hash leaves 19 MiB behind for the collector. A soft limit has it run
	// before they pile up; without one the heap doubles first.
	debug.SetMemoryLimit(112 << 20)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(execute(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs the command until ctx ends and returns its exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stderr)
	switch {
	case errors.Is(err, errHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	if err == nil {
		err = run(ctx, o, stdout, stderr)
	}
	if err != nil && !errors.Is(err, context.Canceled) { // canceled: told to stop while it started
		fmt.Fprintln(stderr, "server:", oneLine(err))
		return 1
	}
	return 0
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// drain is how long requests may take to finish once the server is told to stop.
const drain = 20 * time.Second

func run(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	ln, err := net.Listen("tcp", o.addr)
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	defer ln.Close()
	db, err := openDatabase(ctx, o.database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	site, err := newSite(ctx, o, db, originOf(ln.Addr()), stderr)
	if err != nil {
		return err
	}

	// The worker outlives the requests, which may still give it something to do.
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	worked := make(chan error, 1)
	go func() { worked <- site.service.Run(working) }()
	defer func() {
		stopWork()
		err = errors.Join(err, <-worked)
	}()

	srv := &http.Server{
		Handler:           site.handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          site.log,
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	fmt.Fprint(stdout, site.greeting())

	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := srv.Shutdown(finish); err != nil {
		return fmt.Errorf("stopped with requests unfinished: %w", err)
	}
	if site.limits != nil {
		fmt.Fprintf(stdout, "%d tries were counted, and none refused\n", site.limits.tries.Load())
	}
	return nil
}

// originOf is where a browser on this machine finds the listener. Links in mails
// begin with it: it is never taken from a request.
func originOf(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "http://" + addr.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwhash"
)

// options are what the command line says.
type options struct {
	addr     string
	database string // URL; "" is a fresh SQLite file, removed at exit
	smtp     string // URL of a mail server; "" sends no mail
	insecure bool   // the address may be one that others reach
	noLimits bool
	reveal   bool
	hasher   pwhash.Hasher // nil is the library's default; tests have a cheaper one
	dummies  []passwd.Hash // for a table of several schemes, which tests have
}

var (
	errHelp  = errors.New("help was asked for")
	errUsage = errors.New("wrong usage, reported by package flag")
)

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("server", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.addr, "addr", "127.0.0.1:8080", "`host:port` to listen on; port 0 picks a free one")
	f.StringVar(&o.database, "db", "", "`URL` of the database: sqlite:PATH, postgres://user:password@host:5432/name or\nmysql://user:password@host:3306/name, also for MariaDB (default a fresh file, removed at exit)")
	f.StringVar(&o.smtp, "smtp", "", "`URL` of a server to send mail through as well: smtp://user:password@host:587,\nsmtps://host:465 or, without encryption, insecure-smtp://host:25")
	f.BoolVar(&o.reveal, "reveal", false, "mount the wire formats with their documented replies for unknown accounts")
	f.BoolVar(&o.noLimits, "insecure-no-limits", false, "count tries and refuse none, for load and timing runs: passwords can be guessed")
	f.BoolVar(&o.insecure, "insecure-demo", false, "allow an address other than loopback: the accounts are public, so anybody who reaches it can sign in")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return o, errHelp
	} else if err != nil {
		return o, errUsage
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if !o.insecure {
		if err := checkLoopback(o.addr); err != nil {
			return o, err
		}
	}
	return o, nil
}

func checkLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("-addr: %w", err)
	}
	ip, err := netip.ParseAddr(host)
	if host == "localhost" || err == nil && ip.Unmap().IsLoopback() {
		return nil
	}
	return fmt.Errorf("-addr %s is not a loopback address, and the demo accounts are public (see -insecure-demo)", addr)
}

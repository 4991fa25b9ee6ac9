// Command pwnedfilter builds the compact filter that breach.OpenFilter opens from
// a Pwned Passwords corpus: the ordered file, or the directory of one file per
// prefix, as the official downloader writes them.
//
//	go run ./breach/cmd/pwnedfilter -in pwnedpasswords.txt -out pwned.filter
//	go run ./breach/cmd/pwnedfilter -verify pwned.filter
//
// Interrupted, by ^C or a crash, it goes on where it was when it is run again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/passwd-go/passwd/pwpolicy/breach"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "pwnedfilter: interrupted; the same command goes on from here")
		os.Exit(130)
	default:
		fmt.Fprintln(os.Stderr, "pwnedfilter:", err)
		os.Exit(1)
	}
}

// options are those of the command line.
type options struct {
	in, out, verify string
	build           breach.BuildConfig
	algorithm       breach.Algorithm
	quiet           bool
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	var ntlm bool
	flags := flag.NewFlagSet("pwnedfilter", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.in, "in", "", "corpus: ordered `file` of HASH:COUNT, or directory of PREFIX.txt")
	flags.StringVar(&o.out, "out", "", "filter `file` to write")
	flags.IntVar(&o.build.Bits, "bits", 16, "one in 2^`n` other passwords is found by mistake, 4 to 32")
	flags.IntVar(&o.build.MinCount, "min", 1, "leave out passwords that occur less than `n` times")
	flags.BoolVar(&ntlm, "ntlm", false, "the corpus has NTLM hashes")
	flags.BoolVar(&o.build.Restart, "restart", false, "begin anew instead of going on with an interrupted build")
	flags.BoolVar(&o.quiet, "quiet", false, "show no progress")
	flags.StringVar(&o.verify, "verify", "", "read a filter `file` as a whole, say what is in it, and build nothing")
	if err := flags.Parse(args); err != nil {
		return o, flag.ErrHelp // said by flags
	}
	if ntlm {
		o.algorithm = breach.NTLM
	}
	if flags.NArg() > 0 || (o.verify == "") == (o.in == "" || o.out == "") {
		flags.Usage()
		return o, flag.ErrHelp
	}
	o.build.Path = o.out
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if o.verify != "" {
		return verify(ctx, o.verify, stdout)
	}
	corpus, err := open(o.in, o.algorithm)
	if err != nil {
		return err
	}
	defer corpus.Close()
	o.build.From = corpus
	if !o.quiet {
		bar := newProgress(stderr, time.Now)
		defer bar.end()
		o.build.Progress = bar.show
	}
	info, err := breach.BuildFilter(ctx, o.build)
	if err != nil {
		return err
	}
	describe(stdout, o.out, info)
	return nil
}

type corpus interface {
	breach.Corpus
	io.Closer
}

func open(path string, a breach.Algorithm) (corpus, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return breach.OpenFile(path, a)
	}
	d, err := breach.NewDirectory(os.DirFS(path), a)
	return directory{d}, err
}

type directory struct{ *breach.Directory }

func (directory) Close() error { return nil }

func verify(ctx context.Context, path string, stdout io.Writer) error {
	f, err := breach.OpenFilter(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Verify(ctx); err != nil {
		return err
	}
	describe(stdout, path, f.Info())
	return nil
}

func describe(w io.Writer, path string, i breach.FilterInfo) {
	fmt.Fprintf(w, "%s: %d passwords (%v, at least %d times), %d bytes, %.2f per password, 1 in %.0f found by mistake\n",
		path, i.Entries, i.Algorithm, i.MinCount, i.Bytes, float64(i.Bytes)/float64(max(i.Entries, 1)), 1/i.FalsePositive)
}

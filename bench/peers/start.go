package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/passwd-go/passwd/bench/peers/app"
	"github.com/passwd-go/passwd/pwhash"
)

// program is an app that we build and start.
type program struct {
	name     string
	source   string // a package of this module, or the folder of the example server
	args     []string
	postgres bool
	dialect  dialect
	example  bool // has accounts of its own
	defaults bool // only with its default hashing
}

var programs = []program{
	{name: "passwd, example server, SQLite", source: "../../examples/server", dialect: common, example: true, defaults: true},
	{name: "passwd, example server, PostgreSQL", source: "../../examples/server", dialect: common, example: true, defaults: true, postgres: true},
	{name: "passwd, lean, SQLite", source: "lean", dialect: common},
	{name: "passwd, lean, PostgreSQL", source: "lean", dialect: common, postgres: true},
	{name: "passwd, lean, fastargon2, SQLite", source: "lean", dialect: common, defaults: true, args: []string{"-fast"}},
	{name: "PocketBase", source: "pocketbase", dialect: pocketBase},
	{name: "scs + bcrypt, SQLite", source: "tutorial", dialect: common},
	{name: "scs + argon2id, SQLite", source: "tutorial", dialect: common, args: []string{"-argon2id"}},
	{name: "JWT + bcrypt, SQLite", source: "tutorial", dialect: common, args: []string{"-jwt"}},
}

// wants says whether a program is to be measured.
func (s settings) wants(prog program, cheap bool) bool {
	switch {
	case !strings.Contains(prog.name, s.only), cheap && prog.defaults, prog.postgres && s.postgres == "":
		return false
	}
	return true
}

// start builds and starts everything. What has started is returned with an error, too.
func (s settings) start(ctx context.Context, folder string, cheap bool) ([]*peer, error) {
	var peers []*peer
	for i, prog := range programs {
		if !s.wants(prog, cheap) {
			continue
		}
		p, err := s.launch(ctx, prog, filepath.Join(folder, fmt.Sprint(i, cheap)), cheap)
		if p != nil {
			peers = append(peers, p)
		}
		if err != nil {
			return peers, fmt.Errorf("%s: %w", prog.name, err)
		}
	}
	for _, other := range s.peers {
		if name, origin, _ := strings.Cut(other, "="); !cheap {
			peers = append(peers, newPeer(name, strings.TrimSuffix(origin, "/"), common, s.accounts()))
		}
	}
	return peers, nil
}

func (s settings) launch(ctx context.Context, prog program, folder string, cheap bool) (*peer, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	binary, err := build(ctx, prog.source, filepath.Dir(folder))
	if err != nil {
		return nil, err
	}
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	p := newPeer(prog.name, "http://"+addr, prog.dialect, s.accounts())
	database := "sqlite:" + filepath.Join(folder, "app.db")
	switch {
	case prog.postgres:
		if database, p.cleanUp, err = freshSchema(s.postgres); err != nil {
			return nil, err
		}
	case prog.source == "pocketbase":
		database = folder
	}
	args := append([]string{"-addr", addr, "-db", database}, prog.args...)
	if prog.example {
		args = append(args, "-insecure-no-limits")
	} else {
		args = append(args, "-users", strconv.Itoa(p.users), fmt.Sprintf("-cheap=%t", cheap))
	}
	p.process = exec.Command(binary, args...)
	if s.burst > 0 {
		p.process.Env = append(os.Environ(), fmt.Sprintf("GOMEMLIMIT=%d", s.memory*900_000))
	}
	var said strings.Builder
	p.process.Stderr = &said
	if err := p.process.Start(); err != nil {
		p.cleanUp()
		return nil, err
	}
	if err := p.ready(ctx); err != nil {
		p.stop()
		return nil, fmt.Errorf("%w; it said: %s", err, said.String())
	}
	if prog.example {
		err = addToExample(ctx, database, p.users)
	}
	return p, err
}

// build builds a program, unless that has been done.
func build(ctx context.Context, source, folder string) (binary string, err error) {
	binary = filepath.Join(folder, filepath.Base(source)+".bin")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	cmd.Dir, cmd.Stderr = source, os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go build: %w", err)
	}
	return binary, nil
}

// freeAddress returns an address that nobody listens on, for now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// ready waits until an app answers.
func (p *peer) ready(ctx context.Context) error {
	for range 600 {
		if status, _, _, err := p.call(ctx, nil, "GET", "/dev/whoami", nil); err == nil && status < 500 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return errors.New("it does not answer within a minute")
}

// stop ends an app that we have started, and removes what it has left in a database.
func (p *peer) stop() {
	if p.process != nil {
		p.process.Process.Signal(syscall.SIGTERM)
		stopped := time.AfterFunc(10*time.Second, func() { p.process.Process.Kill() })
		p.process.Wait()
		stopped.Stop()
	}
	p.cleanUp()
}

// freshSchema makes a schema of its own on a PostgreSQL server, and returns the URL of
// it and what removes it.
func freshSchema(server string) (address string, remove func(), err error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", nil, errors.New("-postgres: not a URL")
	}
	db, _, err := app.Open(server)
	if err != nil {
		return "", nil, err
	}
	name := fmt.Sprintf("peers_%d_%d", os.Getpid(), time.Now().UnixNano())
	if _, err := db.Exec(`CREATE SCHEMA ` + name); err != nil {
		db.Close()
		return "", nil, err
	}
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String(), func() {
		db.Exec(`DROP SCHEMA ` + name + ` CASCADE`)
		db.Close()
	}, nil
}

// addToExample gives the example server accounts beside its own few.
func addToExample(ctx context.Context, database string, n int) error {
	hash, err := pwhash.Argon2id{}.Hash(ctx, app.Password)
	if err != nil {
		return err
	}
	db, _, err := app.Open(database)
	if err != nil {
		return err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, &sql.TxOptions{})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for i := range n {
		if _, err := tx.ExecContext(ctx, `INSERT INTO users (id, email, password_hash, created_at) VALUES ($1, $2, $3, $4)`,
			1000+i, app.Address(i), string(hash), time.Now().UTC().Format(time.DateTime)); err != nil {
			return err
		}
	}
	return tx.Commit()
}

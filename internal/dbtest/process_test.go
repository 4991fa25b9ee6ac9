package dbtest_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/sqlstore"
)

// TestMain lets the test binary stand for another process of a host's.
func TestMain(m *testing.M) {
	if role := os.Getenv("PASSWD_DBTEST_ROLE"); role != "" {
		if err := play(role, os.Getenv("PASSWD_DBTEST_DRIVER"), os.Getenv("PASSWD_DBTEST_DATABASE")); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	dropDatabases()
	os.Exit(code)
}

func play(role, driver, database string) error {
	dialect := sqlstore.PostgreSQL
	var db *sql.DB
	switch driver {
	case "pgx":
		config, err := pgx.ParseConfig(database)
		if err != nil {
			return err
		}
		db = stdlib.OpenDB(*config)
	case "mariadb":
		config, err := mysql.ParseDSN(database)
		if err != nil {
			return err
		}
		connector, err := mysql.NewConnector(config)
		if err != nil {
			return err
		}
		dialect, db = sqlstore.MySQL, sql.OpenDB(connector)
	}
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	store, err := sqlstore.New(db, sqlstore.Config{Dialect: dialect, Users: usual})
	if err == nil {
		err = store.Verify(context.Background())
	}
	if err != nil {
		return err
	}
	fmt.Println("ready")
	switch role {
	case "redeem":
		return redeem(store)
	case "deliver":
		return deliver(store)
	case "churn":
		return churn(store)
	}
	return errors.New("no such role")
}

// redeem makes 32 resets at once, with one token, for each round that it reads, and
// tells how many succeeded.
func redeem(store *sqlstore.Store) error {
	rounds := bufio.NewScanner(os.Stdin)
	for rounds.Scan() {
		round, err := strconv.Atoi(rounds.Text())
		if err != nil {
			return err
		}
		a, err := store.Get(context.Background(), passwd.Ref{Tenant: "north", ID: strconv.Itoa(round)})
		if err != nil {
			return err
		}
		token := resetToken(a, round).TokenRef
		count := outcomes(32, func(i int) error {
			w := replacement(a, passwd.Hash(fmt.Sprintf("$test$%d.%d", os.Getpid(), i)))
			w.Consume = &token
			_, err := store.Apply(context.Background(), w)
			return err
		})
		if count[nil]+count[passwd.ErrConflict]+count[passwd.ErrTokenInvalid] != 32 {
			return fmt.Errorf("round %d: outcomes are %v", round, count)
		}
		fmt.Println("won", count[nil])
	}
	return rounds.Err()
}

// claimed is how long a worker may take over what it has claimed, by its clock. That
// is put forward by hours, of which standard input has the number.
const claimed = time.Hour

// deliver works the queue off until standard input ends.
func deliver(store *sqlstore.Store) error {
	done := make(chan struct{})
	var hours atomic.Int64
	go func() {
		defer close(done)
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			n, _ := strconv.Atoi(in.Text())
			hours.Store(int64(n))
		}
	}()
	for {
		select {
		case <-done:
			return nil
		default:
		}
		jobs, err := store.Claim(context.Background(), 8, claimed, t0.Add(time.Duration(hours.Load())*time.Hour))
		if err != nil {
			return err
		}
		for _, j := range jobs {
			fmt.Println("delivered", j.ID)
			if err := store.Done(context.Background(), j.ID); err != nil {
				return err
			}
		}
	}
}

// churn changes passwords by reset, of five accounts from eight goroutines, until
// it is killed.
func churn(store *sqlstore.Store) error {
	failed := make(chan error, 8)
	for g := range 8 {
		go func() {
			for n := 0; ; n++ {
				a, err := store.Get(context.Background(), passwd.Ref{Tenant: "north", ID: strconv.Itoa(rand.IntN(5) + 1)})
				if err != nil {
					failed <- err
					return
				}
				token := resetToken(a, 1)
				copy(token.Digest[:], fmt.Sprintf("%d %d %d", os.Getpid(), g, n))
				w := replacement(a, passwd.Hash(fmt.Sprintf("$test$%d.%d.%d", os.Getpid(), g, n)))
				w.Consume, w.History = &token.TokenRef, 1_000_000
				if err = store.Issue(context.Background(), token, 0, nil); err == nil {
					_, err = store.Apply(context.Background(), w)
				}
				if err != nil && err != passwd.ErrConflict && err != passwd.ErrTokenInvalid {
					failed <- err
					return
				}
				if err == nil && n%10 == 0 {
					fmt.Println("changed")
				}
			}
		}()
	}
	return <-failed
}

// process is a helper that runs.
type process struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string // what it says, until it ends
}

func start(t *testing.T, role, driver, database string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(os.Args[0]), lines: make(chan string, 100_000)}
	p.cmd.Env = append(os.Environ(), "PASSWD_DBTEST_ROLE="+role, "PASSWD_DBTEST_DRIVER="+driver, "PASSWD_DBTEST_DATABASE="+database)
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.in = in
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.cmd.Process.Kill() })
	go func() {
		said := bufio.NewScanner(out)
		for said.Scan() {
			p.lines <- said.Text()
		}
		close(p.lines)
	}()
	p.expect(t, "ready")
	return p
}

// expect returns what follows a word at the beginning of the next line.
func (p *process) expect(t *testing.T, word string) string {
	t.Helper()
	line, ok := <-p.lines
	rest, found := strings.CutPrefix(line, word)
	if !ok || !found {
		t.Fatalf("the process said %q, want %q", line, word)
	}
	return strings.TrimSpace(rest)
}

// kill is kill -9. What the process had said before is in lines.
func (p *process) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// shared is a database that several processes use.
func (s *server) shared(t *testing.T) (*host, string) {
	t.Helper()
	if s == onMariaDB {
		config := mariaDatabase(t)
		connector, err := mysql.NewConnector(config)
		if err != nil {
			t.Fatal(err)
		}
		return s.newHost(t, pooled(t, sql.OpenDB(connector)), usual), config.FormatDSN()
	}
	database := postgresDatabase(t)
	config, err := pgx.ParseConfig(database)
	if err != nil {
		t.Fatal(err)
	}
	return s.newHost(t, pooled(t, stdlib.OpenDB(*config)), usual), database
}

// TestServerProcesses lets 64 callers in two processes redeem one token (I4).
func TestServerProcesses(t *testing.T) {
	for _, s := range remoteServers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h, database := s.shared(t)
			both := []*process{start(t, "redeem", s.name, database), start(t, "redeem", s.name, database)}
			for round := 1; round <= testrun.Size(2, 20, 100); round++ {
				a := h.user(strconv.Itoa(round))
				if _, err := h.store.Apply(t.Context(), passwd.Write{Account: a.Ref, IfHash: a.Hash, Now: t0}); err != nil {
					t.Fatal(err)
				}
				a = h.get(a.Ref)
				if err := h.store.Issue(t.Context(), resetToken(a, round), 3, nil); err != nil {
					t.Fatal(err)
				}
				for _, p := range both {
					fmt.Fprintln(p.in, round)
				}
				won := 0
				for _, p := range both {
					n, err := strconv.Atoi(p.expect(t, "won"))
					if err != nil {
						t.Fatal(err)
					}
					won += n
				}
				if won != 1 {
					t.Errorf("round %d: %d callers succeeded, want 1", round, won)
				}
				history, err := h.store.History(t.Context(), a.Ref, 9)
				if got := h.get(a.Ref); got.Epoch != a.Epoch+1 || err != nil || len(history) != 1 {
					t.Errorf("epoch went from %d to %d, history has %d entries (%v)", a.Epoch, got.Epoch, len(history), err)
				}
			}
			for _, p := range both {
				p.in.Close()
				if err := p.cmd.Wait(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestServerQueue lets two processes deliver, kills one now and then, and starts it
// again: no job is lost, and none is delivered twice but after a kill.
func TestServerQueue(t *testing.T) {
	for _, s := range remoteServers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h, database := s.shared(t)
			total, kills := testrun.Size(200, 1000, 5000), testrun.Size(1, 4, 20)
			store, err := sqlstore.New(h.db, sqlstore.Config{Dialect: s.dialect, Users: usual})
			if err != nil {
				t.Fatal(err)
			}
			var putting sync.WaitGroup
			for g := range 4 {
				putting.Go(func() {
					for n := g; n < total; n += 4 {
						j := passwd.Job{ID: "job-" + strconv.Itoa(n), Sealed: []byte("sealed"), NotBefore: t0, NotAfter: t0.Add(1000 * time.Hour)}
						if err := store.Put(t.Context(), j); err != nil {
							t.Error(err)
						}
					}
				})
			}
			workers := []*process{start(t, "deliver", s.name, database), start(t, "deliver", s.name, database)}
			delivered := map[string]int{}
			count := func(line string, ok bool) {
				id, found := strings.CutPrefix(line, "delivered ")
				if !ok || !found {
					t.Fatalf("a worker said %q", line)
				}
				delivered[id]++
			}
			for killed := 0; len(delivered) < total; {
				select {
				case line, ok := <-workers[0].lines:
					count(line, ok)
				case line, ok := <-workers[1].lines:
					count(line, ok)
				}
				if killed < kills && len(delivered) > (killed+1)*total/(kills+2) {
					victim := killed % 2
					workers[victim].kill()
					for line := range workers[victim].lines {
						count(line, true)
					}
					workers[victim] = start(t, "deliver", s.name, database)
					killed++
					for _, w := range workers { // what the dead one had claimed is free again
						fmt.Fprintln(w.in, 2*killed)
					}
				}
			}
			putting.Wait()
			twice := 0
			for _, n := range delivered {
				twice += n - 1
			}
			// A kill leaves one claim of eight, and the clock then ends that of the other.
			if limit := kills * 16; twice > limit {
				t.Errorf("%d jobs were delivered again, want at most %d", twice, limit)
			}
			t.Logf("%d jobs, %d kills, %d delivered again", total, kills, twice)
		})
	}
}

// TestServerKill kills processes in the middle of writes: each write is there as a
// whole or not at all (I2).
func TestServerKill(t *testing.T) {
	for _, s := range remoteServers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h, database := s.shared(t)
			first := map[passwd.Ref]int64{}
			for n := 1; n <= 5; n++ {
				a := h.user(strconv.Itoa(n))
				epoch, err := h.store.Apply(t.Context(), passwd.Write{Account: a.Ref, IfHash: a.Hash, Now: t0})
				if err != nil {
					t.Fatal(err)
				}
				first[a.Ref] = epoch
			}
			for range testrun.Size(1, 5, 20) {
				both := []*process{start(t, "churn", s.name, database), start(t, "churn", s.name, database)}
				for _, p := range both {
					for range 1 + rand.IntN(4) {
						p.expect(t, "changed")
					}
				}
				for _, p := range both {
					p.kill()
				}
				changes := int64(0)
				for ref, epoch := range first {
					a := h.settled(ref)
					history, err := h.store.History(t.Context(), ref, 1_000_000)
					if err != nil {
						t.Fatal(err)
					}
					if int64(len(history)) != a.Epoch-epoch {
						t.Errorf("account %s: %d raises and %d entries", ref.ID, a.Epoch-epoch, len(history))
					}
					changes += a.Epoch - epoch
				}
				for _, of := range []string{
					"SELECT count(*) FROM passwd_job", "SELECT count(*) FROM passwd_token WHERE spent_at IS NOT NULL",
				} {
					if n := column(t, h.db, of); n[0] != strconv.FormatInt(changes, 10) {
						t.Errorf("%s: %s, want one for each of %d changes", of, n[0], changes)
					}
				}
			}
		})
	}
}

// settled waits for what a dead process has left behind on the server, by locking
// the row, and returns the account.
func (h *host) settled(r passwd.Ref) passwd.Account {
	h.t.Helper()
	if done, err := h.store.Rehash(h.t.Context(), r, "$test$no such hash", "$test$"); done || err != nil {
		h.t.Fatal(done, err)
	}
	return h.get(r)
}

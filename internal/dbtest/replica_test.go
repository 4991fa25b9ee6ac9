//go:build unix

package dbtest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
)

// disruption writes to accounts, one for each writer, until it is told to stop, and remembers
// what was acknowledged.
type disruption struct {
	h       *host
	stopped atomic.Bool
	writers sync.WaitGroup

	acknowledged, refused, unknown atomic.Int64

	mu    sync.Mutex
	epoch map[passwd.Ref]int64       // acknowledged
	hash  map[passwd.Ref]passwd.Hash // of that epoch
}

const writers = 6

func underLoad(h *host) *disruption {
	l := &disruption{h: h, epoch: map[passwd.Ref]int64{}, hash: map[passwd.Ref]passwd.Hash{}}
	for n := range writers {
		a := h.user(strconv.Itoa(n + 1))
		l.writers.Go(func() { l.write(a.Ref) })
	}
	return l
}

func (l *disruption) write(r passwd.Ref) {
	for n := 0; !l.stopped.Load(); n++ {
		hash := passwd.Hash(fmt.Sprintf("$test$%s.%d", r.ID, n))
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		a, err := l.h.store.Get(ctx, r)
		var epoch int64
		if err == nil {
			w := replacement(a, hash)
			w.History = 1_000_000
			epoch, err = l.h.store.Apply(ctx, w)
		}
		cancel()
		switch {
		case err == nil:
			l.acknowledged.Add(1)
			l.mu.Lock()
			l.epoch[r], l.hash[r] = epoch, hash
			l.mu.Unlock()
		case errors.Is(err, passwd.ErrOutcomeUnknown):
			l.unknown.Add(1)
		default:
			l.refused.Add(1)
			time.Sleep(5 * time.Millisecond) // a server that is down refuses thousands a second
		}
	}
}

// past waits until as many writes more are acknowledged.
func (l *disruption) past(more int64) {
	l.h.t.Helper()
	want := l.acknowledged.Load() + more
	testrun.Until(l.h.t, func() bool { return l.acknowledged.Load() >= want }, func() string {
		_, err := l.h.store.Get(context.Background(), passwd.Ref{Tenant: "north", ID: "1"})
		return fmt.Sprintf("%d writes are acknowledged, %d refused (%v)", l.acknowledged.Load(), l.refused.Load(), err)
	})
}

// check stops the load and compares the database with what was acknowledged.
func (l *disruption) check(resumed time.Duration) {
	t := l.h.t
	t.Helper()
	l.stopped.Store(true)
	l.writers.Wait()
	lost := 0
	for r, epoch := range l.epoch {
		a := l.h.get(r)
		history, err := l.h.store.History(t.Context(), r, 1_000_000)
		if err != nil {
			t.Fatal(err)
		}
		if a.Epoch < epoch || a.Epoch == epoch && a.Hash != l.hash[r] {
			lost++
			t.Errorf("account %s: acknowledged epoch %d with %s, has %d with %s", r.ID, epoch, string(l.hash[r]), a.Epoch, string(a.Hash))
		}
		for n, old := range history { // each of them once, the newest first
			if n > 0 && old == history[n-1] {
				t.Errorf("account %s: %s was replaced twice", r.ID, string(old))
			}
		}
	}
	t.Logf("%d writes acknowledged, %d accounts with lost ones, %d refused, %d of unknown outcome; writes again after %v",
		l.acknowledged.Load(), lost, l.refused.Load(), l.unknown.Load(), resumed.Round(time.Millisecond))
}

// disrupt makes a change under load, and checks what came of it.
func (l *disruption) disrupt(change func()) {
	l.h.t.Helper()
	l.past(100)
	before := time.Now()
	change()
	l.past(1)
	resumed := time.Since(before)
	l.past(100)
	l.check(resumed)
}

func postgresProgram(t testing.TB, name string) string {
	return program(t, "postgres", name, "/usr/lib/postgresql/*/bin/"+name)
}

// startPostgresPair starts a PostgreSQL and a replica of it, which it does not wait for. The
// address leads to whichever can be written to.
func startPostgresPair(t testing.TB) (primary, replica *ownServer, address string) {
	t.Helper()
	postgres := postgresProgram(t, "postgres")
	primary, replica = newOwnServer(t, "postgres"), newOwnServer(t, "postgres")
	primary.crash, replica.crash = syscall.SIGQUIT, syscall.SIGQUIT
	primary.run(postgresProgram(t, "initdb"), "-D", primary.file("data"), "-U", "postgres", "-A", "trust", "-N")
	start := func(s *ownServer) {
		s.start(postgres, "-D", s.file("data"), "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-k", "", "-F")
		db := s.postgres()
		defer db.Close()
		s.answers(db)
	}
	start(primary)
	replica.run(postgresProgram(t, "pg_basebackup"), "-h", "127.0.0.1", "-p", strconv.Itoa(primary.port), "-U", "postgres",
		"-D", replica.file("data"), "-R", "-X", "stream", "-c", "fast")
	start(replica)
	return primary, replica, fmt.Sprintf("postgres://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres?sslmode=disable&target_session_attrs=read-write&connect_timeout=2",
		primary.port, replica.port)
}

// postgres is a server's database.
func (s *ownServer) postgres() *sql.DB {
	return openPGX(s.t, fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", s.port))
}

// startPostgresReplica starts a pair of which the first waits for the other at each commit.
func startPostgresReplica(t testing.TB) (primary, replica *ownServer, address string) {
	t.Helper()
	primary, replica, address = startPostgresPair(t)
	admin := primary.postgres()
	defer admin.Close()
	mustExec(t, admin, "ALTER SYSTEM SET synchronous_standby_names = '*'")
	mustExec(t, admin, "SELECT pg_reload_conf()")
	testrun.Until(t, func() bool {
		return len(column(t, admin, "SELECT sync_state FROM pg_stat_replication WHERE sync_state = 'sync'")) == 1
	}, func() string { return "the replica is not synchronous" })
	return primary, replica, address
}

// TestPostgresFailover kills a primary under load and promotes its synchronous replica:
// nothing that was acknowledged is lost, and nothing was written twice.
func TestPostgresFailover(t *testing.T) {
	testrun.NeedCI(t)
	primary, replica, address := startPostgresReplica(t)
	s := *onPostgres
	s.open = func(t testing.TB) *sql.DB {
		config, err := pgx.ParseConfig(address)
		if err != nil {
			t.Fatal(err)
		}
		return pooled(t, stdlib.OpenDB(*config))
	}
	l := underLoad(s.newHost(t, s.open(t), usual))
	l.disrupt(func() {
		primary.stop(syscall.SIGQUIT)
		replica.run(postgresProgram(t, "pg_ctl"), "promote", "-w", "-D", replica.file("data"))
	})
}

// startMariaDBs starts two servers, the second of which can be a replica of the first.
func startMariaDBs(t testing.TB) (primary, replica *ownServer) {
	t.Helper()
	install := program(t, "mariadb", "mariadb-install-db")
	mariadbd := program(t, "mariadb", "mariadbd", "/usr/sbin/mariadbd")
	var both [2]*ownServer
	for i := range both {
		s := newOwnServer(t, "mysql")
		s.run(install, "--no-defaults", "--datadir="+s.file("data"), "--auth-root-authentication-method=normal")
		s.start(mariadbd, "--no-defaults", "--datadir="+s.file("data"), "--bind-address=127.0.0.1", "--port="+strconv.Itoa(s.port),
			"--socket="+s.file("socket"), "--pid-file="+s.file("pid"), "--server-id="+strconv.Itoa(i+1), "--log-bin="+s.file("binlog"),
			"--log-slave-updates", "--gtid-strict-mode=ON", "--innodb-flush-log-at-trx-commit=0")
		s.answers(s.maria("root", ""))
		both[i] = s
	}
	return both[0], both[1]
}

// maria is a server's database, for a user.
func (s *ownServer) maria(user, name string) *sql.DB {
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr, config.DBName = user, "tcp", fmt.Sprint("127.0.0.1:", s.port), name
	config.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		s.t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	s.t.Cleanup(func() { db.Close() })
	return db
}

// TestMariaDBSwitchover makes the primary a replica by read_only, as an operator does,
// while its clients stay connected, and has their address lead to the new primary: they
// leave the old one, and no write is lost.
func TestMariaDBSwitchover(t *testing.T) {
	testrun.NeedCI(t)
	for name, reject := range map[string]bool{"preset": false, "rejectReadOnly": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			primary, replica := startMariaDBs(t)
			one, other := primary.maria("root", ""), replica.maria("root", "")
			for _, statement := range []string{
				"CREATE DATABASE app CHARACTER SET utf8mb4", "CREATE USER app@'127.0.0.1'", "GRANT ALL ON app.* TO app@'127.0.0.1'",
			} {
				mustExec(t, one, statement)
			}
			mustExec(t, other, fmt.Sprintf("CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=%d, MASTER_USER='root', MASTER_USE_GTID=slave_pos", primary.port))
			mustExec(t, other, "SET GLOBAL read_only = ON")
			mustExec(t, other, "START SLAVE")
			way := newRelay(t, fmt.Sprint("127.0.0.1:", primary.port))
			config := mysql.NewConfig()
			config.User, config.Net, config.Addr, config.DBName = "app", "tcp", way.listener.Addr().String(), "app"
			config.RejectReadOnly, config.Logger = reject, &mysql.NopLogger{}
			connector, err := mysql.NewConnector(config)
			if err != nil {
				t.Fatal(err)
			}
			db := pooled(t, sql.OpenDB(connector))
			l := underLoad(onMariaDB.newHost(t, db, usual))
			l.disrupt(func() {
				mustExec(t, one, "SET GLOBAL read_only = ON")
				at := column(t, one, "SELECT @@gtid_binlog_pos")[0]
				if got := column(t, other, "SELECT MASTER_GTID_WAIT(?, 60)", at); got[0] != "0" {
					t.Fatalf("the replica is behind: %v", got)
				}
				mustExec(t, other, "STOP SLAVE")
				mustExec(t, other, "SET GLOBAL read_only = OFF")
				way.mu.Lock()
				way.target = fmt.Sprint("127.0.0.1:", replica.port)
				way.mu.Unlock()
			})
			if n := l.h.count("passwd_account"); n != writers {
				t.Errorf("%d accounts", n)
			}
			if got := column(t, other, "SELECT count(*) FROM app.passwd_history"); got[0] == "0" {
				t.Error("nothing is on the new primary")
			}
		})
	}
}

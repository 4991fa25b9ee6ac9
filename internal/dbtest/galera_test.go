//go:build unix

package dbtest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/sqlstore"
	"github.com/passwd-go/passwd/storetest"
)

// startGalera starts a cluster of three nodes.
func startGalera(t testing.TB) []*ownServer {
	t.Helper()
	install := program(t, "mariadb", "mariadb-install-db")
	mariadbd := program(t, "mariadb", "mariadbd", "/usr/sbin/mariadbd")
	provider := program(t, "galera", "libgalera_smm.so", "/usr/lib/galera/libgalera_smm.so", "/usr/lib*/galera-4/libgalera_smm.so")
	var nodes []*ownServer
	var cluster []string
	for range 3 {
		s := newOwnServer(t, "mysql")
		nodes = append(nodes, s)
		cluster = append(cluster, fmt.Sprint("127.0.0.1:", freePort(t)))
	}
	for i, s := range nodes {
		s.run(install, "--no-defaults", "--datadir="+s.file("data"), "--auth-root-authentication-method=normal")
		_, port, _ := strings.Cut(cluster[i], ":")
		args := []string{mariadbd, "--no-defaults", "--datadir=" + s.file("data"), "--bind-address=127.0.0.1", "--port=" + strconv.Itoa(s.port),
			"--socket=" + s.file("socket"), "--pid-file=" + s.file("pid"), "--binlog-format=ROW", "--innodb-autoinc-lock-mode=2",
			"--innodb-flush-log-at-trx-commit=0", "--wsrep-on=ON", "--wsrep-provider=" + provider, "--wsrep-sst-method=rsync",
			"--wsrep-cluster-address=gcomm://" + strings.Join(cluster, ","), "--wsrep-node-address=127.0.0.1:" + port,
			"--wsrep-sst-receive-address=127.0.0.1:" + strconv.Itoa(freePort(t)),
			fmt.Sprintf("--wsrep-provider-options=base_port=%s;ist.recv_addr=127.0.0.1:%d;gcache.size=32M", port, freePort(t))}
		if i == 0 {
			args = append(args, "--wsrep-new-cluster")
		}
		s.start(args...)
		db := s.maria("root", "")
		s.answers(db)
		testrun.Until(t, func() bool {
			var name, state string
			err := db.QueryRowContext(t.Context(), "SHOW STATUS LIKE 'wsrep_local_state_comment'").Scan(&name, &state)
			return err == nil && state == "Synced"
		}, func() string { return "a node does not join" })
	}
	return nodes
}

// alternating hands out connections to several nodes by turns.
type alternating struct {
	nodes []driver.Connector
	next  atomic.Int64
}

func (a *alternating) Connect(ctx context.Context) (driver.Conn, error) {
	return a.nodes[int(a.next.Add(1))%len(a.nodes)].Connect(ctx)
}
func (a *alternating) Driver() driver.Driver { return a.nodes[0].Driver() }

func galeraDatabase(t testing.TB, nodes []*ownServer, params map[string]string) *sql.DB {
	t.Helper()
	name := fmt.Sprint("app", databases.Add(1))
	mustExec(t, nodes[0].maria("root", ""), "CREATE DATABASE "+name+" CHARACTER SET utf8mb4")
	var all alternating
	for _, s := range nodes {
		config := mysql.NewConfig()
		config.User, config.Net, config.Addr, config.DBName, config.Params = "root", "tcp", fmt.Sprint("127.0.0.1:", s.port), name, params
		config.Logger, config.InterpolateParams = &mysql.NopLogger{}, true
		connector, err := mysql.NewConnector(config)
		if err != nil {
			t.Fatal(err)
		}
		all.nodes = append(all.nodes, connector)
	}
	testrun.Until(t, func() bool { // DDL gets to the others a little later
		for range nodes {
			conn, err := all.Connect(t.Context())
			if err != nil {
				return false
			}
			conn.Close()
		}
		return true
	}, func() string { return "the database is not on all nodes" })
	return pooled(t, sql.OpenDB(&all))
}

// TestGalera holds the store to its contract with each connection on another of three
// nodes, each of which takes writes, with the settings that the package comment names.
func TestGalera(t *testing.T) {
	testrun.NeedLong(t)
	nodes := startGalera(t)
	synced := map[string]string{"wsrep_sync_wait": "15"}
	plain := *onMariaDB
	plain.plain = true
	plain.open = func(t testing.TB) *sql.DB { return galeraDatabase(t, nodes, synced) }
	t.Run("migrate at once", func(t *testing.T) {
		for range testrun.Size(3, 5, 30) {
			db := galeraDatabase(t, nodes, synced)
			mustExec(t, db, onMariaDB.createUsers(usual))
			var started sync.WaitGroup
			for range 6 {
				store, err := sqlstore.New(db, sqlstore.Config{Dialect: sqlstore.MySQL, Users: usual, Plain: true})
				if err != nil {
					t.Fatal(err)
				}
				started.Go(func() {
					if err := store.Migrate(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			started.Wait()
			if err := onMariaDB.store(t, db, usual).Verify(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("contract", func(t *testing.T) {
		storetest.Run(t, plain.newHost(t, plain.open(t), usual).fixture(mappings()[0]))
	})
	t.Run("a node dies", func(t *testing.T) {
		l := underLoad(plain.newHost(t, plain.open(t), usual))
		l.disrupt(func() { nodes[2].stop(nodes[2].crash) })
	})
}

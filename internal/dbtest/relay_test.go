package dbtest_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/lib/pq"

	"github.com/passwd-go/passwd/internal/testrun"
)

// relay stands between a driver and its server, and cuts what goes through it.
type relay struct {
	target   string
	listener net.Listener
	delay    time.Duration // of each message, each way; set before anybody connects

	mu        sync.Mutex
	conns     map[net.Conn]bool // of clients
	down      bool              // nothing gets through
	sent      int               // messages from clients
	cutAt     int               // the message to cut at, from 1; 0 is none
	delivered bool              // that one still gets to the server; its answer does not get back
	served    sync.WaitGroup    // by the server, connections
}

func newRelay(t testing.TB, target string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{target: target, listener: listener, conns: map[net.Conn]bool{}}
	t.Cleanup(func() { listener.Close(); r.stop() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			r.accept(client)
		}
	}()
	return r
}

func (r *relay) accept(client net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	server, err := net.Dial("tcp", r.target)
	if err != nil || r.down {
		client.Close()
		if err == nil {
			server.Close()
		}
		return
	}
	r.conns[client] = true
	r.served.Add(1)
	go func() { // until the server has closed its end: then it does nothing any more
		defer r.served.Done()
		io.Copy(delayed{client, r.delay}, server)
		io.Copy(io.Discard, server) // what nobody is there for
		r.forget(client)
		server.Close()
	}()
	go func() {
		defer server.(*net.TCPConn).CloseWrite()
		message := make([]byte, 1<<16)
		for {
			n, err := client.Read(message)
			delayed{delay: r.delay}.wait()
			if n > 0 && !r.pass(message[:n], server) {
				return
			}
			if err != nil {
				return
			}
		}
	}()
}

// delayed writes after a time, as a network of some length does.
type delayed struct {
	io.Writer
	delay time.Duration
}

func (d delayed) Write(b []byte) (int, error) {
	d.wait()
	return d.Writer.Write(b)
}

func (d delayed) wait() {
	if d.delay > 0 {
		<-time.After(d.delay)
	}
}

// pass hands a message on, unless it is the one to cut at.
func (r *relay) pass(message []byte, server net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent++
	cut := r.sent == r.cutAt
	if !cut || r.delivered {
		if _, err := server.Write(message); err != nil {
			return false
		}
	}
	if cut {
		r.cut()
	}
	return !cut
}

// cut ends all connections. r.mu is held.
func (r *relay) cut() {
	for client := range r.conns {
		client.Close()
	}
	clear(r.conns)
}

func (r *relay) forget(client net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, client)
	client.Close()
}

// arm cuts at the nth message from now on.
func (r *relay) arm(n int, delivered bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent, r.cutAt, r.delivered = 0, n, delivered
}

// disarm reports whether it has cut.
func (r *relay) disarm() (happened bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	happened = r.cutAt > 0 && r.sent >= r.cutAt
	r.cutAt = 0
	return happened
}

// stop is the end of the server, as far as clients can tell.
func (r *relay) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = true
	r.cut()
}

func (r *relay) start() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = false
}

// quiet cuts all connections and waits until the server has done with them: what was
// under way is committed then, or undone.
func (r *relay) quiet() {
	r.mu.Lock()
	r.cut()
	r.mu.Unlock()
	r.served.Wait()
}

// relayed opens an empty database twice: through a relay, and directly.
func (s *server) relayed(t testing.TB) (through, direct *sql.DB, r *relay) {
	t.Helper()
	if s == onMariaDB {
		config := mariaDatabase(t)
		connect := func(config *mysql.Config) *sql.DB {
			connector, err := mysql.NewConnector(config)
			if err != nil {
				t.Fatal(err)
			}
			return pooled(t, sql.OpenDB(connector))
		}
		r = newRelay(t, config.Addr)
		direct = connect(config)
		config = config.Clone()
		config.Addr = r.listener.Addr().String()
		return connect(config), direct, r
	}
	address, err := url.Parse(postgresDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	connect := func() *sql.DB {
		if s == onPQ {
			connector, err := pq.NewConnector(address.String())
			if err != nil {
				t.Fatal(err)
			}
			return pooled(t, sql.OpenDB(connector))
		}
		config, err := pgx.ParseConfig(address.String())
		if err != nil {
			t.Fatal(err)
		}
		return pooled(t, stdlib.OpenDB(*config))
	}
	direct = connect()
	r = newRelay(t, address.Host)
	address.Host = r.listener.Addr().String()
	return connect(), direct, r
}

// contents are the rows of all tables, by table.
type contents map[string]tableContents

type tableContents struct {
	columns []string
	rows    [][]any
}

// contents reads all there is, but the numbers of jobs.
func (h *host) contents() contents {
	h.t.Helper()
	all := contents{}
	for _, table := range append([]string{h.users.Table}, ownTables...) {
		rows, err := h.db.QueryContext(h.t.Context(), "SELECT * FROM "+h.on.quoted(table))
		if err != nil {
			h.t.Fatal(err)
		}
		var c tableContents
		if c.columns, err = rows.Columns(); err != nil {
			h.t.Fatal(err)
		}
		for rows.Next() {
			row, into := make([]any, len(c.columns)), make([]any, len(c.columns))
			for i := range into {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				h.t.Fatal(err)
			}
			c.rows = append(c.rows, row)
		}
		if err := rows.Err(); err != nil {
			h.t.Fatal(err)
		}
		rows.Close()
		if i := slices.Index(c.columns, "seq"); i >= 0 {
			c.columns = slices.Delete(c.columns, i, i+1)
			for n := range c.rows {
				c.rows[n] = slices.Delete(c.rows[n], i, i+1)
			}
		}
		all[table] = c
	}
	return all
}

// restore makes the tables hold these rows and no others.
func (h *host) restore(all contents) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), testrun.Patience(h.t))
	defer cancel()
	tx, err := h.db.BeginTx(ctx, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	defer tx.Rollback()
	exec := func(statement string, args ...any) {
		if _, err := tx.ExecContext(ctx, statement, args...); err != nil {
			h.t.Fatalf("%s: %v", statement, err)
		}
	}
	tables := append([]string{h.users.Table}, ownTables...)
	for _, table := range slices.Backward(tables) { // what refers to a row before it
		exec("DELETE FROM " + h.on.quoted(table))
	}
	for _, table := range tables {
		c := all[table]
		names := make([]string, len(c.columns))
		for i, name := range c.columns {
			names[i] = h.on.quoted(name)
		}
		for _, row := range c.rows {
			exec(fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", h.on.quoted(table), strings.Join(names, ", "), h.on.placeholders(len(names))), row...)
		}
	}
	if err := tx.Commit(); err != nil {
		h.t.Fatal(err)
	}
}

// text is for comparison; it leaves out columns that are random.
func (all contents) text(random ...string) string {
	var lines []string
	for table, c := range all {
		for _, row := range c.rows {
			line := table
			for i, value := range row {
				if !slices.Contains(random, table+"."+c.columns[i]) {
					line += fmt.Sprintf(" %q", fmt.Sprint(value))
				}
			}
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

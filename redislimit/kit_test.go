package redislimit_test

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/redislimit"
	"github.com/redis/go-redis/v9"
)

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// address is where Redis is: PASSWD_TEST_REDIS, a host and port.
func address() string {
	if set := os.Getenv("PASSWD_TEST_REDIS"); set != "" {
		return set
	}
	return "127.0.0.1:6379"
}

func options(address string) *redis.Options {
	patience := testrun.Patience(nil) // the limiter's own time is shorter
	return &redis.Options{Addr: address, ContextTimeoutEnabled: true, DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience}
}

// connect returns a client of its own. Without Redis the test is skipped, unless
// PASSWD_TEST_REQUIRE names it.
func connect(t testing.TB) *redis.Client {
	t.Helper()
	client := redis.NewClient(options(address()))
	t.Cleanup(func() { client.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), testrun.Patience(t))
	defer cancel()
	if err := client.Ping(ctx).Err(); err != nil {
		unavailable(t, "redis", err)
	}
	return client
}

func unavailable(t testing.TB, name string, err error) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("PASSWD_TEST_REQUIRE"), ","), name) {
		t.Fatalf("%s is required: %v", name, err)
	}
	t.Skipf("needs %s: %v", name, err)
}

// prefix returns a name for the keys of one test, which go with it.
func prefix(t testing.TB, client *redis.Client) string {
	t.Helper()
	p := "passwd-test:" + rand.Text() + ":"
	t.Cleanup(func() {
		for _, key := range stored(t, client, p) {
			if err := client.Del(context.Background(), key).Err(); err != nil {
				t.Error(err)
			}
		}
	})
	return p
}

// stored returns the names of the keys in Redis.
func stored(t testing.TB, client *redis.Client, prefix string) []string {
	t.Helper()
	var keys []string
	all := client.Scan(context.Background(), 0, prefix+"*", 1000).Iterator()
	for all.Next(context.Background()) {
		keys = append(keys, all.Val())
	}
	if err := all.Err(); err != nil {
		t.Fatal(err)
	}
	return keys
}

// limiter has the patience of a test where its time is not what is tested.
func limiter(t testing.TB, c redislimit.Config) *redislimit.Limiter {
	t.Helper()
	if c.Timeout == 0 {
		c.Timeout = testrun.Patience(t)
	}
	l, err := redislimit.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func take(t testing.TB, l passwd.Limiter, key string, limit passwd.Limit, now time.Time) passwd.Taken {
	t.Helper()
	return do(t, l, now, passwd.Step{Key: key, Limit: limit})
}

// do makes one step.
func do(t testing.TB, l passwd.Limiter, now time.Time, step passwd.Step) passwd.Taken {
	t.Helper()
	taken, err := l.Do(t.Context(), now, step)
	if err != nil {
		t.Fatal(err)
	}
	return taken[0]
}

// counted returns how many takes of a key are counted.
func counted(t testing.TB, l passwd.Limiter, key string) int {
	t.Helper()
	return do(t, l, noon, passwd.Step{Key: key, Do: passwd.StepPeek, Silent: true}).Count
}

// server is a Redis of the test's own.
type server struct {
	address string
	client  *redis.Client
	process *os.Process
}

// start starts a Redis with these settings, which keeps nothing on disk.
func start(t testing.TB, settings ...string) *server {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		unavailable(t, "redis-server", err)
	}
	port := freePort(t)
	s := &server{address: "127.0.0.1:" + port}
	dir := t.TempDir()
	args := append([]string{"--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", dir, "--logfile", filepath.Join(dir, "log")}, settings...)
	cmd := exec.Command(binary, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.process = cmd.Process
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	t.Cleanup(func() { s.process.Kill(); <-ended })
	s.client = redis.NewClient(options(s.address))
	t.Cleanup(func() { s.client.Close() })
	testrun.Until(t, func() bool {
		select {
		case <-ended:
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Fatalf("redis-server has ended:\n%s", log)
		default:
		}
		err = s.client.Ping(t.Context()).Err()
		return err == nil
	}, func() string { return fmt.Sprint("redis-server does not answer: ", err) })
	return s
}

// freePort returns a port that nobody listens on, below those that connections get by
// themselves: one of these may take it before the server does.
func freePort(t testing.TB) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprint("127.0.0.1:", 15000+mathrand.IntN(15000))
		ln, err := net.Listen("tcp", address)
		if err == nil {
			ln.Close()
			_, port, _ := net.SplitHostPort(address)
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

// between is a way to Redis that can be blocked.
type between struct {
	net.Listener
	mu      sync.Mutex
	open    []net.Conn
	pass    func([]byte) bool // whether an answer gets through; nil: all do
	blocked chan struct{}
}

func newBetween(t testing.TB) *between {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &between{Listener: ln, blocked: make(chan struct{})}
	t.Cleanup(b.stop)
	go func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", address())
			if err != nil {
				in.Close()
				continue
			}
			b.mu.Lock()
			b.open = append(b.open, in, out)
			b.mu.Unlock()
			go b.copy(out, in, nil)
			go b.copy(in, out, b.passes)
		}
	}()
	return b
}

// copy passes on what comes, until an answer is not to get through: that ends the
// connection.
func (b *between) copy(to, from net.Conn, passes func([]byte) bool) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		select {
		case <-b.blocked: // it hangs: neither an answer nor an end
			continue
		default:
		}
		if passes != nil && !passes(buf[:n]) {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (b *between) passes(answer []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pass == nil || b.pass(answer)
}

// only lets no other answers through.
func (b *between) only(pass func([]byte) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pass = pass
}

func (b *between) hang() { close(b.blocked) }

func (b *between) stop() {
	b.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.open {
		c.Close()
	}
}

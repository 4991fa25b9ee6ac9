package redislimit_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/redislimit"
	"github.com/passwd-go/passwd/storetest"
	"github.com/redis/go-redis/v9"
)

// resumed is how long keys may go without an answer after the server that has them
// died, of which the tests' servers take two seconds to notice.
const resumed = 10 * time.Second

// startMasters starts a cluster of three masters with a replica each.
func startMasters(t *testing.T) (masters, replicas []*server) {
	t.Helper()
	ctx := t.Context()
	var all []*server
	for range 6 {
		all = append(all, start(t, "--cluster-enabled", "yes", "--cluster-port", freePort(t),
			"--cluster-node-timeout", "2000", "--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0"))
	}
	masters, replicas = all[:3], all[3:]
	must := func(s *server, args ...any) {
		t.Helper()
		if err := s.client.Do(ctx, args...).Err(); err != nil {
			t.Fatal(args, err)
		}
	}
	for i, s := range all {
		must(s, "CLUSTER", "SET-CONFIG-EPOCH", i+1)
		if i < 3 {
			must(s, "CLUSTER", "ADDSLOTSRANGE", i*5462, min((i+1)*5462, 16384)-1)
		}
	}
	for _, s := range all[1:] {
		host, port, _ := net.SplitHostPort(s.address)
		must(all[0], "CLUSTER", "MEET", host, port, busPort(t, s))
	}
	knows := func(what string, f func(s *server) bool) {
		t.Helper()
		testrun.Until(t, func() bool {
			for _, s := range all {
				if !f(s) {
					return false
				}
			}
			return true
		}, func() string { return "the cluster does not become one with " + what })
	}
	info := func(s *server) string { return s.client.ClusterInfo(ctx).Val() }
	knows("six nodes", func(s *server) bool { return strings.Contains(info(s), "cluster_known_nodes:6") })
	for i, s := range replicas {
		must(s, "CLUSTER", "REPLICATE", masters[i].client.ClusterMyID(ctx).Val())
	}
	knows("three masters", func(s *server) bool {
		return strings.Contains(info(s), "cluster_state:ok") && strings.Count(s.client.ClusterNodes(ctx).Val(), "slave") == 3
	})
	for _, s := range replicas {
		testrun.Until(t, func() bool {
			return strings.Contains(s.client.Info(ctx, "replication").Val(), "master_link_status:up")
		}, func() string { return "a replica does not find its master" })
	}
	return masters, replicas
}

// busPort is where a node of a cluster speaks with the others.
func busPort(t *testing.T, s *server) string {
	t.Helper()
	return s.client.ConfigGet(t.Context(), "cluster-port").Val()["cluster-port"]
}

// A cluster of three masters keeps the contract; after one of them has died, its keys
// are counted again as soon as its replica has its place, although the client would look
// for who has which keys only once an hour.
func TestClusterFailover(t *testing.T) {
	testrun.NeedCI(t)
	masters, _ := startMasters(t)
	var addresses []string
	for _, s := range masters {
		addresses = append(addresses, s.address)
	}
	client := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: addresses, ContextTimeoutEnabled: true, ClusterStateReloadInterval: time.Hour,
	})
	t.Cleanup(func() { client.Close() })
	n := 0
	storetest.RunLimiter(t, func() (passwd.Limiter, error) {
		n++
		return limiter(t, redislimit.Config{Client: client, Prefix: fmt.Sprintf("case %d:", n)}), nil
	})

	for name, die := range map[string]func(*server){
		"killed": func(s *server) { s.process.Kill() },
		"frozen": func(s *server) { freeze(t, s) },
	} {
		t.Run(name, func(t *testing.T) {
			masters, _ := startMasters(t)
			client := redis.NewClusterClient(&redis.ClusterOptions{
				Addrs: []string{masters[1].address, masters[2].address}, ContextTimeoutEnabled: true, ClusterStateReloadInterval: time.Hour,
				DialTimeout: time.Second, ReadTimeout: time.Second, // as the package comment asks for
			})
			t.Cleanup(func() { client.Close() })
			l := limiter(t, redislimit.Config{Client: client, Timeout: time.Second})
			limit := passwd.Limit{Free: 1 << 20, Window: time.Hour}
			var its string // a key of the first master
			for i := 0; its == ""; i++ {
				if key := fmt.Sprint("key", i); client.ClusterKeySlot(t.Context(), "passwd:limit:"+key).Val() < 5462 {
					its = key
				}
			}
			take(t, l, its, limit, noon)
			replicated(t, masters[0], "{passwd:limit:"+its+"}")
			die(masters[0])
			resumes(t, l, its, limit)
			if n := counted(t, l, its); n < 2 {
				t.Errorf("%d takes are counted, want the one before and the one after", n)
			}
		})
	}
}

// replicated waits until a replica has all that was written so far. WAIT is for what its
// own connection has written.
func replicated(t *testing.T, s *server, key string) {
	t.Helper()
	conn := s.client.Conn()
	defer conn.Close()
	if err := conn.Set(t.Context(), key, 1, 0).Err(); err != nil {
		t.Fatal(err)
	}
	testrun.Until(t, func() bool {
		n, err := conn.Do(t.Context(), "WAIT", 1, 1000).Int()
		return err == nil && n > 0
	}, func() string { return "no replica follows" })
}

// Sentinels put a replica in a dead master's place, and go-redis asks them where it is.
func TestSentinelFailover(t *testing.T) {
	testrun.NeedCI(t)
	master := start(t, "--repl-diskless-sync-delay", "0")
	host, port, _ := net.SplitHostPort(master.address)
	replica := start(t, "--replicaof", host+" "+port, "--repl-diskless-sync-delay", "0")
	testrun.Until(t, func() bool {
		return strings.Contains(replica.client.Info(t.Context(), "replication").Val(), "master_link_status:up")
	}, func() string { return "the replica does not find its master" })
	var sentinels []string
	for range 3 {
		sentinels = append(sentinels, startSentinel(t, host, port))
	}
	testrun.Until(t, func() bool { // that all know each other and the replica
		for _, address := range sentinels {
			s := redis.NewSentinelClient(options(address))
			state := s.Master(t.Context(), "counts").Val()
			s.Close()
			if state["num-slaves"] != "1" || state["num-other-sentinels"] != "2" {
				return false
			}
		}
		return true
	}, func() string { return "the sentinels do not find each other" })

	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: "counts", SentinelAddrs: sentinels, ContextTimeoutEnabled: true, DialTimeout: time.Second, ReadTimeout: time.Second,
	})
	t.Cleanup(func() { client.Close() })
	n := 0
	storetest.RunLimiter(t, func() (passwd.Limiter, error) {
		n++
		return limiter(t, redislimit.Config{Client: client, Prefix: fmt.Sprintf("case %d:", n)}), nil
	})
	l := limiter(t, redislimit.Config{Client: client, Timeout: time.Second})
	limit := passwd.Limit{Free: 1 << 20, Window: time.Hour}
	take(t, l, "key", limit, noon)
	replicated(t, master, "written")
	master.process.Kill()
	resumes(t, l, "key", limit)
	if n := counted(t, l, "key"); n < 2 {
		t.Errorf("%d takes are counted, want the one before and the one after", n)
	}
}

func startSentinel(t *testing.T, host, port string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	own := freePort(t)
	if err := os.WriteFile(file, fmt.Appendf(nil, "bind 127.0.0.1\nport %s\nsentinel monitor counts %s %s 2\n"+
		"sentinel down-after-milliseconds counts 2000\nsentinel failover-timeout counts 5000\n", own, host, port), 0o600); err != nil {
		t.Fatal(err)
	}
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		unavailable(t, "redis-server", err)
	}
	cmd := exec.Command(binary, file, "--sentinel")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return "127.0.0.1:" + own
}

// resumes waits until a key's take is counted again, tells how long that took, and in
// the long run says whether it was too long.
func resumes(t *testing.T, l passwd.Limiter, key string, limit passwd.Limit) {
	t.Helper()
	began, failures := time.Now(), 0
	var err error
	testrun.Until(t, func() bool {
		_, err = l.Do(context.WithoutCancel(t.Context()), noon, passwd.Step{Key: key, Limit: limit})
		if err != nil {
			failures++
		}
		return err == nil
	}, func() string { return fmt.Sprint("the key is not counted again: ", err) })
	took := time.Since(began).Round(time.Millisecond)
	t.Logf("counted again after %v and %d refusals", took, failures)
	if failures == 0 {
		t.Error("nothing was refused: the server has not died")
	}
	if testrun.Long() && took > resumed {
		t.Errorf("the key was not counted for %v", took)
	}
}

package redislimit_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/redislimit"
	"github.com/passwd-go/passwd/storetest"
	"github.com/redis/go-redis/v9"
)

func TestContract(t *testing.T) {
	client := connect(t)
	storetest.RunLimiter(t, func() (passwd.Limiter, error) {
		return limiter(t, redislimit.Config{Client: client, Prefix: prefix(t, client)}), nil
	})
}

// A cluster refuses a script that needs keys of several slots, or keys that it was
// not told.
func TestContractOnCluster(t *testing.T) {
	s := start(t, "--cluster-enabled", "yes")
	if err := s.client.Do(t.Context(), "CLUSTER", "ADDSLOTSRANGE", 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	testrun.Until(t, func() bool {
		info, _ := s.client.ClusterInfo(t.Context()).Result()
		return strings.Contains(info, "cluster_state:ok")
	}, func() string { return "the cluster does not become ready" })
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{s.address}, ContextTimeoutEnabled: true})
	t.Cleanup(func() { client.Close() })
	n := 0
	storetest.RunLimiter(t, func() (passwd.Limiter, error) {
		n++
		return limiter(t, redislimit.Config{Client: client, Prefix: fmt.Sprintf("case %d:", n)}), nil
	})
}

func TestConfig(t *testing.T) {
	deaf := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer deaf.Close()
	deafCluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}})
	defer deafCluster.Close()
	deafRing := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"one": "127.0.0.1:1"}, HeartbeatFrequency: time.Hour})
	defer deafRing.Close()
	good := redis.NewClient(options("127.0.0.1:1"))
	defer good.Close()
	for _, test := range []struct {
		name string
		c    redislimit.Config
		want string // in the error; "": none
	}{
		{"nothing", redislimit.Config{}, "Config.Client is required"},
		{"the zero value of the rest", redislimit.Config{Client: good}, ""},
		{"a client that is deaf to contexts", redislimit.Config{Client: deaf}, "ContextTimeoutEnabled"},
		{"a cluster's", redislimit.Config{Client: deafCluster}, "ContextTimeoutEnabled"},
		{"a ring's", redislimit.Config{Client: deafRing}, "ContextTimeoutEnabled"},
		{"long prefix", redislimit.Config{Client: good, Prefix: strings.Repeat("p", 129)}, "Config.Prefix"},
		{"longest prefix", redislimit.Config{Client: good, Prefix: strings.Repeat("p", 128)}, ""},
		{"negative timeout", redislimit.Config{Client: good, Timeout: -1}, "Config.Timeout"},
	} {
		l, err := redislimit.New(test.c)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) || (l == nil) != (err != nil) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// I4: of 64 at once, over two clients as of two replicas, exactly as many pass as are
// free, and none is counted twice.
func TestTwoClientsAtOnce(t *testing.T) {
	const crowd, free = 64, 20
	first, second := connect(t), connect(t)
	p := prefix(t, first)
	limiters := []*redislimit.Limiter{
		limiter(t, redislimit.Config{Client: first, Prefix: p, Timeout: 30 * time.Second}),
		limiter(t, redislimit.Config{Client: second, Prefix: p, Timeout: 30 * time.Second}),
	}
	for name, limit := range map[string]passwd.Limit{
		"window":  {Free: free, Window: time.Hour},
		"backoff": {Free: free, Wait: time.Hour, MaxWait: 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			var counts [crowd]int
			var all sync.WaitGroup
			together := make(chan struct{})
			for i := range crowd {
				all.Go(func() {
					<-together
					taken, err := limiters[i%2].Take(t.Context(), name, limit, noon)
					if err != nil {
						t.Error(err)
					}
					if taken.Wait == 0 {
						counts[i] = taken.Count
					}
				})
			}
			close(together)
			all.Wait()
			seen := map[int]int{}
			for _, n := range counts {
				seen[n]++
			}
			if len(seen) != free+1 || seen[0] != crowd-free {
				t.Errorf("%d were refused, want %d; counts %v", seen[0], crowd-free, seen)
			}
			for _, l := range limiters {
				if n, err := l.Count(t.Context(), name, noon); n != free || err != nil {
					t.Errorf("Count: %d (%v), want %d", n, err, free)
				}
			}

			together = make(chan struct{})
			for i := range crowd / 4 {
				all.Go(func() {
					<-together
					if err := limiters[i%2].Refund(t.Context(), name); err != nil {
						t.Error(err)
					}
				})
			}
			close(together)
			all.Wait()
			if n, err := limiters[0].Count(t.Context(), name, noon); n != free-crowd/4 || err != nil {
				t.Errorf("Count after refunds: %d (%v), want %d", n, err, free-crowd/4)
			}
		})
	}
}

// Nothing stays for ever, and nothing goes before its window or wait has passed.
func TestLife(t *testing.T) {
	const day = 24 * time.Hour
	client := connect(t)
	p := prefix(t, client)
	l := limiter(t, redislimit.Config{Client: client, Prefix: p})
	for _, test := range []struct {
		name  string
		limit passwd.Limit
		takes int
		after func() error
		want  time.Duration
	}{
		{name: "window", limit: passwd.Limit{Free: 3, Window: time.Minute}, takes: 2, want: time.Minute},
		{name: "long window", limit: passwd.Limit{Free: 1, Window: 30 * day}, takes: 1, want: 30 * day},
		{name: "refused", limit: passwd.Limit{Free: 1, Window: time.Minute}, takes: 5, want: time.Minute},
		{name: "one", limit: passwd.Limit{Free: 100, Wait: time.Second}, takes: 1, want: day},
		{name: "seven", limit: passwd.Limit{Free: 100, Wait: time.Second}, takes: 7, want: 7 * day},
		{name: "many", limit: passwd.Limit{Free: 100, Wait: time.Second}, takes: 40, want: 30 * day},
		{name: "long wait", limit: passwd.Limit{Free: 1, Wait: 90 * day}, takes: 1, want: 90 * day},
		{
			name: "refunded", limit: passwd.Limit{Free: 100, Wait: time.Second}, takes: 7, want: 7 * day,
			after: func() error { return l.Refund(t.Context(), "refunded") },
		},
	} {
		for range test.takes {
			take(t, l, test.name, test.limit, noon)
		}
		if test.after != nil {
			if err := test.after(); err != nil {
				t.Fatal(err)
			}
		}
		life, err := client.PTTL(t.Context(), p+test.name).Result()
		if err != nil || life < test.want || life > test.want+6*time.Minute {
			t.Errorf("%s: goes after %v (%v), want %v and up to six minutes", test.name, life, err, test.want)
		}
	}
	for _, key := range stored(t, client, p) {
		if life := client.PTTL(t.Context(), key).Val(); life <= 0 {
			t.Errorf("a key stays for ever")
		}
	}
	for _, name := range []string{"window", "one"} {
		if err := l.Clear(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		if client.Exists(t.Context(), p+name).Val() != 0 {
			t.Errorf("%s: is still there after Clear", name)
		}
	}
}

// The value has a bounded size, however often a key is taken.
func TestSize(t *testing.T) {
	client := connect(t)
	p := prefix(t, client)
	l := limiter(t, redislimit.Config{Client: client, Prefix: p})
	limit := passwd.Limit{Free: 1 << 30, Wait: time.Second}
	for range 200 {
		take(t, l, "key", limit, noon)
	}
	if value := client.Get(t.Context(), p+"key").Val(); len(value) > 64 || !strings.HasPrefix(value, "200 200 0 ") {
		t.Errorf("the value is %q", value)
	}
}

// I7: what a service stores through it names nobody.
func TestNoIdentifier(t *testing.T) {
	client := connect(t)
	p := prefix(t, client)
	kit := passwdtest.New(t, passwd.Config{Limiter: limiter(t, redislimit.Config{Client: client, Prefix: p})})
	kit.Add(t, passwd.Account{
		Ref: passwd.Ref{Tenant: "tenant-of-ada", ID: "account-id-77"}, Username: "ada", Email: "ada.lovelace@example.com",
	}, "Analytical-Engine-1843")
	from := passwd.Client{Addr: netipAddr("198.51.100.7")}
	for _, login := range []string{"ada", "ada.lovelace@example.com", "nobody-of-that-name"} {
		login := passwd.Login{Tenant: "tenant-of-ada", Value: login}
		for _, password := range []string{"not the one", "Analytical-Engine-1843"} {
			_, err := kit.Service.SignIn(t.Context(), passwd.SignIn{Login: login, Password: password, Client: from})
			if err != nil && !errors.Is(err, passwd.ErrWrongCredentials) {
				t.Fatal(err)
			}
		}
		if err := kit.Service.RequestReset(t.Context(), passwd.RequestReset{Login: login, Client: from}); err != nil {
			t.Fatal(err)
		}
	}
	kit.Deliver(t)
	keys := stored(t, client, p)
	if len(keys) < 3 {
		t.Fatalf("%d keys are stored", len(keys))
	}
	for _, key := range keys {
		entry := strings.TrimPrefix(key, p) + " " + client.Get(t.Context(), key).Val()
		for _, clear := range []string{"ada", "lovelace", "example.com", "nobody", "198.51", "account-id", "Analytical", "not the one"} {
			if strings.Contains(entry, clear) {
				t.Errorf("%q has %q in it", entry, clear)
			}
		}
	}
}

// A key is counted by a server that has never seen the scripts, or forgotten them.
func TestScriptsForgotten(t *testing.T) {
	s := start(t)
	l := limiter(t, redislimit.Config{Client: s.client})
	limit := passwd.Limit{Free: 10, Window: time.Minute}
	for i := range 3 {
		if taken := take(t, l, "key", limit, noon); taken.Count != i+1 {
			t.Errorf("count %d, want %d", taken.Count, i+1)
		}
		if err := s.client.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if keys := stored(t, s.client, ""); len(keys) != 1 || keys[0] != "passwd:limit:key" {
		t.Errorf("stored: %q", keys)
	}
}

// Spans and times at the end of what is exact.
func TestExtremes(t *testing.T) {
	client := connect(t)
	l := limiter(t, redislimit.Config{Client: client, Prefix: prefix(t, client)})
	const years = 40 * 365 * 24 * time.Hour
	late := time.Date(2199, time.December, 31, 23, 59, 59, 999_999_000, time.UTC)
	for i, limit := range []passwd.Limit{{Free: 1, Window: 1<<63 - 1}, {Free: 1, Wait: 1<<63 - 1, MaxWait: 1<<63 - 1}} {
		key := fmt.Sprint("key", i)
		take(t, l, key, limit, late)
		if taken := take(t, l, key, limit, late.Add(-time.Microsecond)); taken.Wait != years+time.Microsecond {
			t.Errorf("%+v: waits %v", limit, taken.Wait)
		}
	}
	if taken := take(t, l, "doubled", passwd.Limit{Free: -1 << 31, Wait: time.Second, MaxWait: time.Hour}, noon); taken.Wait != 0 {
		t.Errorf("waits %v", taken.Wait)
	}
	if taken := take(t, l, "doubled", passwd.Limit{Free: 1, Wait: time.Second, MaxWait: time.Hour}, noon); taken.Wait != time.Hour {
		t.Errorf("after 2^31 doublings: waits %v", taken.Wait)
	}
	limit := passwd.Limit{Free: 1, Window: time.Minute}
	for _, at := range []time.Time{{}, time.Unix(0, 0), time.Date(2201, time.January, 1, 0, 0, 0, 0, time.UTC)} {
		if _, err := l.Take(t.Context(), "key", limit, at); err == nil {
			t.Errorf("a take at %v is taken", at)
		}
		if _, err := l.Count(t.Context(), "key", at); err == nil {
			t.Errorf("a count at %v is taken", at)
		}
	}
	if _, err := l.Take(t.Context(), strings.Repeat("k", 65), limit, noon); err == nil {
		t.Error("a key of 65 bytes is taken")
	}
}

// A clock that is set back while nobody has to wait forgives nothing, nor does it
// count for more.
func TestClockBack(t *testing.T) {
	client := connect(t)
	limit := passwd.Limit{Free: 3, Wait: time.Second, MaxWait: 10 * time.Second}
	for _, l := range []passwd.Limiter{
		limiter(t, redislimit.Config{Client: client, Prefix: prefix(t, client)}), passwd.NewMemoryLimiter(0),
	} {
		for i, at := range []time.Time{noon, noon.Add(-time.Hour), noon.Add(-time.Hour)} {
			if taken := take(t, l, "key", limit, at); taken != (passwd.Taken{Count: i + 1}) {
				t.Errorf("%T: take %d: %+v", l, i+1, taken)
			}
		}
		if taken := take(t, l, "key", limit, noon); taken != (passwd.Taken{Wait: time.Second, Count: 3}) {
			t.Errorf("%T: after the free ones: %+v", l, taken)
		}
	}
}

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
	s := startCluster(t)
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{s.address}, ContextTimeoutEnabled: true})
	t.Cleanup(func() { client.Close() })
	for name, client := range map[string]redis.UniversalClient{"a client of clusters": client, "a way to a cluster": s.client} {
		t.Run(name, func(t *testing.T) {
			n := 0
			storetest.RunLimiter(t, func() (passwd.Limiter, error) {
				n++
				return limiter(t, redislimit.Config{Client: client, Prefix: fmt.Sprintf("%s %d:", name, n)}), nil
			})
		})
	}
}

// A Ring has its keys on several servers.
func TestContractOnRing(t *testing.T) {
	one, other := start(t), start(t)
	client := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"one": one.address, "other": other.address}, ContextTimeoutEnabled: true})
	t.Cleanup(func() { client.Close() })
	n := 0
	storetest.RunLimiter(t, func() (passwd.Limiter, error) {
		n++
		return limiter(t, redislimit.Config{Client: client, Prefix: fmt.Sprintf("case %d:", n)}), nil
	})
}

// What a refused call has counted on other servers is taken back, also when others
// count meanwhile, and nothing stays for ever.
func TestTakenBack(t *testing.T) {
	s := startCluster(t)
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{s.address}, ContextTimeoutEnabled: true})
	t.Cleanup(func() { client.Close() })
	l := limiter(t, redislimit.Config{Client: client})
	once := passwd.Limit{Free: 1, Window: time.Hour}
	many := passwd.Limit{Free: 1 << 20, Window: time.Hour}
	take(t, l, "full", once, noon)
	const crowd, rounds = 8, 25
	var all sync.WaitGroup
	for i := range crowd {
		all.Go(func() {
			for range rounds {
				refused := []passwd.Step{{Key: "shared", Limit: many}, {Key: "full", Limit: once}, {Key: fmt.Sprint("own", i), Limit: many}}
				if a, err := l.Do(t.Context(), noon, refused...); err != nil || a[1].Wait == 0 {
					t.Errorf("%v, %v", a, err)
				}
				if _, err := l.Do(t.Context(), noon, passwd.Step{Key: "shared", Limit: many}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := counted(t, l, "shared"); n != crowd*rounds {
		t.Errorf("%d are counted, want %d", n, crowd*rounds)
	}
	for i := range crowd {
		if n := counted(t, l, fmt.Sprint("own", i)); n != 0 {
			t.Errorf("%d of a refused call are counted", n)
		}
	}
	for _, key := range stored(t, s.client, "") {
		if life := s.client.PTTL(t.Context(), key).Val(); life <= 0 {
			t.Errorf("%s stays for ever", key)
		}
	}
}

func startCluster(t *testing.T) *server {
	t.Helper()
	s := start(t, "--cluster-enabled", "yes", "--cluster-port", freePort(t)) // else it is the port and 10,000, which may be too high
	if err := s.client.Do(t.Context(), "CLUSTER", "ADDSLOTSRANGE", 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	testrun.Until(t, func() bool {
		info, _ := s.client.ClusterInfo(t.Context()).Result()
		return strings.Contains(info, "cluster_state:ok")
	}, func() string { return "the cluster does not become ready" })
	return s
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
		limiter(t, redislimit.Config{Client: first, Prefix: p}),
		limiter(t, redislimit.Config{Client: second, Prefix: p}),
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
					taken, err := limiters[i%2].Do(t.Context(), noon, passwd.Step{Key: name, Limit: limit})
					if err != nil {
						t.Error(err)
					} else if taken[0].Wait == 0 {
						counts[i] = taken[0].Count
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
				if n := counted(t, l, name); n != free {
					t.Errorf("%d are counted, want %d", n, free)
				}
			}

			together = make(chan struct{})
			for i := range crowd / 4 {
				all.Go(func() {
					<-together
					if _, err := limiters[i%2].Do(t.Context(), noon, passwd.Step{Key: name, Do: passwd.StepRefund}); err != nil {
						t.Error(err)
					}
				})
			}
			close(together)
			all.Wait()
			if n := counted(t, limiters[0], name); n != free-crowd/4 {
				t.Errorf("after refunds %d are counted, want %d", n, free-crowd/4)
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
		after passwd.StepKind // 0: nothing
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
			after: passwd.StepRefund,
		},
	} {
		for range test.takes {
			take(t, l, test.name, test.limit, noon)
		}
		if test.after != 0 {
			do(t, l, noon, passwd.Step{Key: test.name, Do: test.after})
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
		do(t, l, noon, passwd.Step{Key: name, Do: passwd.StepClear})
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
	for _, login := range []string{"ada", "ada.lovelace@example.com", "unheard-of-login"} {
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
		for _, clear := range []string{"ada", "lovelace", "example.com", "unheard", "198.51", "account-id", "Analytical", "not the one"} {
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
		for _, kind := range []passwd.StepKind{passwd.StepTake, passwd.StepPeek} {
			if _, err := l.Do(t.Context(), at, passwd.Step{Key: "key", Do: kind, Limit: limit}); err == nil {
				t.Errorf("a step at %v is made", at)
			}
		}
	}
	if _, err := l.Do(t.Context(), noon, passwd.Step{Key: strings.Repeat("k", 97), Limit: limit}); err == nil {
		t.Error("a key of 97 bytes is taken")
	}
	if _, err := l.Do(t.Context(), noon, passwd.Step{Key: "key", Do: 7}); err == nil {
		t.Error("a step of an unknown kind is made")
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

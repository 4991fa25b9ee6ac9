//go:build unix

package main

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/passwd-go/passwd/internal/testrun"
)

// TestLoad signs in 512 times from 64 goroutines and looks at the server's
// memory (I8).
func TestLoad(t *testing.T) {
	testrun.NeedLong(t)
	const goroutines, calls = 64, 512
	url := copyOf(t, seeded)
	people(t, url, goroutines, adaPassword)
	s := spawn(t, url, "-insecure-no-limits")
	idle := s.peakMemory()
	var wg sync.WaitGroup
	began := time.Now()
	for g := range goroutines {
		wg.Go(func() {
			for range calls / goroutines {
				status, answer, err := exchange("POST", s.origin+"/dev/sign-in", "", object("tenant", "", "login", fmt.Sprint("user", g), "password", adaPassword))
				if err != nil || status != http.StatusOK {
					t.Errorf("sign-in: %d %s %v", status, answer, err)
				}
			}
		})
	}
	wg.Wait()
	took, peak := time.Since(began), s.peakMemory()
	limit := 96 + 32*runtime.GOMAXPROCS(0)
	t.Logf("%d sign-ins in %v, peak %d MiB (idle %d), limit %d MiB", calls, took.Round(time.Millisecond), peak, idle, limit)
	if peak > limit {
		t.Errorf("peak of %d MiB", peak)
	}
}

// TestLoadOfTwo measures two servers over each kind of database. What hashes is
// bounded by the processors, not by the database; what asks who is signed in is not.
func TestLoadOfTwo(t *testing.T) {
	testrun.NeedLong(t)
	for _, k := range kinds(t) {
		t.Run(k.name, func(t *testing.T) { testLoadOfTwo(t, k.seededForPrograms(t)) })
	}
}

func testLoadOfTwo(t *testing.T, url string) {
	const clients, span = 16, 10 * time.Second
	people(t, url, clients, adaPassword)
	servers := []*process{spawn(t, url, "-insecure-no-limits"), spawn(t, url, "-insecure-no-limits")}
	client := http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	bearers := make([]string, clients)
	for n := range bearers {
		bearers[n] = servers[n%2].signIn("", fmt.Sprint("user", n), adaPassword)
	}
	for _, c := range []struct {
		name, method, path string
		body               func(n int) string
		status             int
	}{
		{"sign-ins", "POST", "/dev/sign-in", func(n int) string {
			return object("tenant", "", "login", fmt.Sprint("user", n), "password", adaPassword)
		}, http.StatusOK},
		{"look-ups of a session", "GET", "/dev/whoami", func(int) string { return "" }, http.StatusOK},
		{"requests for a link", "POST", api + "forgot", func(n int) string { return object("login", fmt.Sprintf("user%d@example.com", n)) }, http.StatusAccepted},
	} {
		var done, failed atomic.Int64
		var wg sync.WaitGroup
		began := time.Now()
		for n := range clients {
			wg.Go(func() {
				for turn := n; time.Since(began) < span; turn++ {
					req, err := http.NewRequest(c.method, servers[turn%2].origin+c.path, strings.NewReader(c.body(n)))
					if err != nil {
						t.Error(err)
						return
					}
					req.Header.Set("Content-Type", "application/json")
					req.Header.Set("Authorization", "Bearer "+bearers[n])
					if res, err := client.Do(req); err == nil && res.StatusCode == c.status {
						io.Copy(io.Discard, res.Body) // so that the connection is used again
						res.Body.Close()
						done.Add(1)
					} else {
						failed.Add(1)
					}
				}
			})
		}
		wg.Wait()
		t.Logf("%.0f %s a second", float64(done.Load())/time.Since(began).Seconds(), c.name)
		if failed.Load() > 0 || done.Load() == 0 {
			t.Errorf("%s: %d failed, %d did not", c.name, failed.Load(), done.Load())
		}
	}
}

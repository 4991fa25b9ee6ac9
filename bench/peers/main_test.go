package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestQuartiles(t *testing.T) {
	for _, tt := range []struct {
		values []int
		want   spread[int]
	}{
		{[]int{7}, spread[int]{7, 7, 7}},
		{[]int{2, 1}, spread[int]{1, 2, 2}},
		{[]int{5, 3, 1, 2, 4}, spread[int]{2, 3, 4}},
		{[]int{8, 7, 6, 5, 4, 3, 2, 1}, spread[int]{3, 5, 6}},
	} {
		if got := quartiles(tt.values); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.values, got, tt.want)
		}
	}
}

func TestFigure(t *testing.T) {
	for v, want := range map[float64]string{0: "0.00", 1.234: "1.23", 12.34: "12.3", 1234.5: "1234"} {
		if got := figure(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}

// Nothing that went another way than it should is measured.
func TestExpect(t *testing.T) {
	for _, tt := range []struct {
		want   bool
		status int
		ok     bool
	}{
		{true, 200, true}, {true, 204, true}, {true, 401, false}, {true, 500, false},
		{false, 401, true}, {false, 400, true}, {false, 200, false}, {false, 500, false}, {false, 429, false},
	} {
		if err := expect(tt.want, tt.status, nil); (err == nil) != tt.ok {
			t.Errorf("%v, %d: %v", tt.want, tt.status, err)
		}
	}
}

func TestPickHasNobodyTwiceInATurn(t *testing.T) {
	s := settings{rounds: 1, requests: 8}
	p := newPeer("a", "http://127.0.0.1", common, s.accounts())
	for range 20 {
		seen := map[int]bool{}
		for _, user := range p.pick(s.requests) {
			if seen[user] || user >= s.accounts() {
				t.Fatalf("user %d", user)
			}
			seen[user] = true
		}
	}
}

func TestTables(t *testing.T) {
	p := newPeer("an app", "http://127.0.0.1", common, 1)
	for i := range 5 {
		p.samples[key("sign-in", 1)] = append(p.samples[key("sign-in", 1)], sample{each: time.Duration(i+1) * time.Millisecond, cpu: -1})
	}
	var out strings.Builder
	printTables(&out, "Title", []*peer{p})
	if !strings.Contains(out.String(), "| an app | 3.00 (2.00–4.00) | – |") {
		t.Errorf("printed:\n%s", out.String())
	}
}

// TestRun starts the apps that need no server, and does everything once.
func TestRun(t *testing.T) {
	if os.Getenv("PASSWD_TEST_LONG") == "" {
		t.Skip("builds and drives apps: set PASSWD_TEST_LONG to run it")
	}
	if err := (settings{rounds: 1, requests: 2, only: "SQLite", hashing: "both"}).run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestBadSettings(t *testing.T) {
	for _, s := range []settings{{rounds: 1, requests: 1, hashing: "both", burst: 1}, {requests: 1, hashing: "both"}, {rounds: 1, hashing: "both"}, {rounds: 1, requests: 1, hashing: "md5"}} {
		if err := s.run(t.Context()); err == nil {
			t.Errorf("%+v: no error", s)
		}
	}
}

// An app that gets too large is killed, and its row says so.
func TestBurst(t *testing.T) {
	if os.Getenv("PASSWD_TEST_LONG") == "" {
		t.Skip("builds and drives apps: set PASSWD_TEST_LONG to run it")
	}
	for memory, want := range map[int]string{1000: " | 4 | ", 1: "killed"} {
		var out strings.Builder
		s := settings{rounds: 1, requests: 1, only: "passwd, lean, SQLite", burst: 4, memory: memory}
		if err := s.bursts(t.Context(), t.TempDir(), &out); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("with %d MB: no %q in\n%s", memory, want, out.String())
		}
	}
}

func TestBurstRow(t *testing.T) {
	for want, b := range map[string]burst{
		"0 | – | – | – | killed |":         {killed: true, memory: 300},
		"2 | 3.00 | 2000 | 2000 | 40 MB |": {answered: 2, wall: 3 * time.Second, times: []time.Duration{time.Second, 2 * time.Second}, memory: 40},
		"1 | 1.00 | 1000 | 1000 | – |":     {answered: 1, wall: time.Second, times: []time.Duration{time.Second}, memory: -1},
	} {
		if got := b.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

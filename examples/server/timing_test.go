//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"
)

// TestTiming tries to tell logins apart by the time that their answers take: the
// area under the ROC curve must be that of guessing (I6, F3).
func TestTiming(t *testing.T) {
	needLong(t)
	const requests = 2000
	signIn := func(login, password string) string {
		return object("tenant", "callcenter", "login", login, "password", password)
	}
	for _, c := range []struct {
		name, path string
		status     int
		kinds      map[string]func(n int) string
	}{
		{"forgot", api + "forgot", http.StatusAccepted, map[string]func(n int) string{
			"known":   func(n int) string { return object("login", fmt.Sprintf("user%d@example.com", n%64)) },
			"unknown": func(n int) string { return object("login", fmt.Sprintf("none%d@example.com", n%64)) },
		}},
		{"sign-in", "/dev/sign-in", http.StatusUnauthorized, map[string]func(n int) string{
			"known":                    func(int) string { return signIn("calm.user", "not the password") },
			"unknown":                  func(int) string { return signIn("calm.nobody", "not the password") },
			"inactive":                 func(int) string { return signIn("new.user", "not the password") },
			"inactive, right password": func(int) string { return signIn("new.user", "Not-Yet-Active-5") },
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := copyOf(t, seeded)
			people(t, url, 64, adaPassword)
			s := spawn(t, url, "-insecure-no-limits")
			times := map[string][]time.Duration{}
			for _, kind := range shuffled(c.kinds, requests) {
				body := c.kinds[kind](len(times[kind]))
				began := time.Now()
				r := s.call("POST", c.path, "", body)
				took := time.Since(began)
				if r.status != c.status {
					t.Fatalf("%s: %d %s", kind, r.status, r.body)
				}
				times[kind] = append(times[kind], took)
			}
			for kind := range c.kinds {
				if kind == "known" {
					continue
				}
				area := auc(times["known"], times[kind])
				t.Logf("%s: known against %s: AUC %.3f, medians %v and %v", c.name, kind, area, median(times["known"]), median(times[kind]))
				if area < 0.45 || area > 0.55 {
					t.Errorf("%s: time tells known from %s", c.name, kind)
				}
			}
		})
	}
}

// shuffled returns every key n times, in random order.
func shuffled[V any](kinds map[string]V, n int) []string {
	var order []string
	for kind := range kinds {
		order = append(order, slices.Repeat([]string{kind}, n)...)
	}
	rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	return order
}

// auc is the probability that a random element of a is less than one of b, ties
// counting half (Mann–Whitney).
func auc(a, b []time.Duration) float64 {
	b = slices.Sorted(slices.Values(b))
	sum := 0.0
	for _, x := range a {
		least, _ := slices.BinarySearch(b, x)
		most, _ := slices.BinarySearch(b, x+1)
		sum += float64(len(b)-most) + float64(most-least)/2
	}
	return sum / float64(len(a)) / float64(len(b))
}

func median(d []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(d))[len(d)/2]
}

func TestAUC(t *testing.T) {
	d := func(v ...time.Duration) []time.Duration { return v }
	for _, c := range []struct {
		a, b []time.Duration
		want float64
	}{
		{d(1, 2, 3), d(4, 5, 6), 1},
		{d(4, 5, 6), d(1, 2, 3), 0},
		{d(1, 2, 3), d(1, 2, 3), 0.5},
		{d(1, 1), d(1, 2), 0.75},
	} {
		if got := auc(c.a, c.b); got != c.want {
			t.Errorf("%v, %v: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

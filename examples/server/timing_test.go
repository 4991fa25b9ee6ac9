//go:build unix

package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/passwd-go/passwd/internal/testrun"
)

// TestTiming tries to tell logins apart by the time that their answers take: the
// area under the ROC curve must be that of guessing (I6, F3).
func TestTiming(t *testing.T) {
	testrun.NeedLong(t)
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
		{"ready sign-in", api + "signin", http.StatusUnauthorized, map[string]func(n int) string{
			"known": func(n int) string {
				return object("login", fmt.Sprintf("user%d@example.com", n%64), "password", "not the password")
			},
			"unknown": func(n int) string {
				return object("login", fmt.Sprintf("none%d@example.com", n%64), "password", "not the password")
			},
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
			kinds := map[string]func(n int) reply{}
			for kind, body := range c.kinds {
				kinds[kind] = func(n int) reply { return s.call("POST", c.path, "", body(n)) }
			}
			cannotTell(t, c.status, requests, kinds)
		})
	}
}

// TestTimingOfFormats is the same for the wire formats, as they are mounted without
// -reveal: neither bytes nor headers nor time tell a login that exists.
func TestTimingOfFormats(t *testing.T) {
	testrun.NeedLong(t)
	const requests = 1000
	s := spawn(t, copyOf(t, seeded), "-insecure-no-limits")
	app := "Bearer " + s.ask("/v1/oauth/token", formType, "grant_type=client_credentials&client_id=demo-app&client_secret=demo-secret").field("access_token")
	grant := func(user string) func(int) reply {
		body := object("grant_type", "password", "client_id", bakeryClient, "device_name", "Phone", "device_id", "1", "username", user, "password", "wrong", "new_password", "password123")
		return func(int) reply { return s.ask("/api/change-password", jsonType, body) }
	}
	profile := func(user string) func(int) reply {
		return func(int) reply {
			return s.ask("/profile/v1/user/forgot-password/", jsonType, object("email", user), "apikey", "demo-apikey")
		}
	}
	signIn := func(user string) func(int) reply {
		body := object("username", user, "old_password", "wrong", "new_password", "SaverPassword1234!")
		return func(int) reply { return s.ask("/api/auth/changePasswordAfterSignin", jsonType, body) }
	}
	remind := func(user string) func(int) reply {
		return func(int) reply {
			return s.ask("/v1/password/remind", jsonType, object("email", user), "Authorization", app)
		}
	}
	reset := func(user string) func(int) reply {
		body := object("email", user, "token", "Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmE", "password", "azerty")
		return func(int) reply { return s.ask("/v1/password/reset", jsonType, body, "Authorization", app) }
	}
	brand := func(mobile string) func(int) reply {
		body := object("identifierType", "MOBILE", "identifierValue", mobile, "brand", "DocDemo", "deviceId", "1", "password", "wrong")
		return func(int) reply { return s.ask("/auth/v1/password/validate", jsonType, body) }
	}
	for _, c := range []struct {
		name   string
		status int
		kinds  map[string]func(int) reply
	}{
		{"grant", 400, map[string]func(int) reply{"known": grant("example@domain.com"), "unknown": grant("nobody@domain.com"), "disabled": grant("closed@domain.com")}},
		{"profile forgot", 200, map[string]func(int) reply{"known": profile("alice"), "unknown": profile("nobody"), "shared": profile("shared@example.com")}},
		{"signin", 400, map[string]func(int) reply{"known": signIn("calm.user"), "unknown": signIn("calm.nobody"), "inactive": signIn("new.user")}},
		{"remind", 200, map[string]func(int) reply{"known": remind("testuser@teen-quotes.com"), "unknown": remind("nobody@teen-quotes.com")}},
		{"remind reset", 400, map[string]func(int) reply{"known": reset("testuser@teen-quotes.com"), "unknown": reset("nobody@teen-quotes.com")}},
		{"brand", 401, map[string]func(int) reply{"known": brand("919999922332"), "unknown": brand("919999922339"), "no password yet": brand("919999922334")}},
	} {
		t.Run(c.name, func(t *testing.T) { cannotTell(t, c.status, requests, c.kinds) })
	}
}

// cannotTell sends so many requests of each kind, in random order, and compares the
// kind "known" with the others.
func cannotTell(t *testing.T, status, requests int, kinds map[string]func(n int) reply) {
	t.Helper()
	times := map[string][]time.Duration{}
	replies := map[string]bool{}
	for _, kind := range shuffled(kinds, requests) {
		began := time.Now()
		r := kinds[kind](len(times[kind]))
		took := time.Since(began)
		if r.status != status {
			t.Fatalf("%s: %d %s", kind, r.status, r.body)
		}
		r.header.Del("Date")
		replies[fmt.Sprint(r.header, r.body)] = true
		times[kind] = append(times[kind], took)
	}
	if len(replies) != 1 {
		t.Errorf("%d different replies: %q", len(replies), slices.Collect(maps.Keys(replies)))
	}
	for kind := range kinds {
		if kind == "known" {
			continue
		}
		area := auc(times["known"], times[kind])
		t.Logf("known against %s: AUC %.3f, medians %v and %v", kind, area, median(times["known"]), median(times[kind]))
		if area < 0.45 || area > 0.55 {
			t.Errorf("time tells known from %s", kind)
		}
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

package session_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

func TestRefresh(t *testing.T) {
	k := newKit(t, session.Config{})
	first := k.start(phone)
	k.Clock.Advance(time.Hour)
	from := passwd.Client{Addr: netip.MustParseAddr("198.51.100.9"), UserAgent: "app/2.0"}
	second, err := k.manager.Refresh(t.Context(), string(first.Refresh), from)
	if err != nil {
		t.Fatal(err)
	}
	now := k.Clock.Now()
	want := first.Session
	want.Addr, want.UserAgent, want.UsedAt, want.ExpiresAt = from.Addr, from.UserAgent, now, now.Add(14*day)
	if second.Session != want || second.ExpiresIn != time.Hour {
		t.Errorf("session is %+v,\nwant %+v", second.Session, want)
	}
	if second.Access == first.Access || second.Refresh == first.Refresh {
		t.Error("a token was not replaced")
	}
	k.wantCheck("the replaced access token", first, passwd.ErrEnded)
	k.wantCheck("the new one", second, nil)
	if third := k.refresh(second); third.Session.Addr != from.Addr || third.Session.UserAgent != from.UserAgent {
		t.Error("a refresh from nowhere forgets where the session was")
	}
}

// A spent refresh token ends the whole family (RFC 9700 §4.14.2), and nothing else.
func TestReuse(t *testing.T) {
	for name, spentAgo := range map[string]int{"the last one": 1, "an old one": 20} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, session.Config{})
			other := k.start(tablet())
			family := []session.Pair{k.start(phone)}
			for range spentAgo {
				k.Clock.Advance(time.Hour)
				family = append(family, k.refresh(family[len(family)-1]))
			}
			newest := family[spentAgo]
			k.wantCheck("before the reuse", newest, nil)
			thief := passwd.Client{Addr: netip.MustParseAddr("203.0.113.66")}
			_, err := k.manager.Refresh(t.Context(), string(family[0].Refresh), thief)
			if !errors.Is(err, session.ErrReused) || !errors.Is(err, passwd.ErrEnded) || passwd.CodeOf(err) != passwd.CodeUnauthenticated {
				t.Errorf("error %v, code %q", err, passwd.CodeOf(err))
			}
			for _, p := range family {
				k.wantDead("of the family", p)
			}
			k.Clock.Advance(-time.Duration(spentAgo) * time.Hour)
			k.wantCheck("of another family", other, nil)
			events := k.Events.Named(session.EventReused)
			if len(events) != 1 || events[0].Account != k.ada || events[0].Client != thief || events[0].Outcome != "failure" {
				t.Errorf("events are %+v, want one that names the account and the client", events)
			}
		})
	}
}

// Of 64 callers with one refresh token one wins; the reuse is reported once.
func TestRaceRefresh(t *testing.T) {
	k := newKit(t, session.Config{})
	p := k.start(phone)
	var mu sync.Mutex
	var won []session.Pair
	var done sync.WaitGroup
	start := make(chan struct{})
	for range 64 {
		done.Go(func() {
			<-start
			next, err := k.manager.Refresh(t.Context(), string(p.Refresh), passwd.Client{})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won = append(won, next)
			} else if !errors.Is(err, passwd.ErrEnded) {
				t.Error(err)
			}
		})
	}
	close(start)
	done.Wait()
	if len(won) != 1 || len(k.Events.Named(session.EventReused)) != 1 {
		t.Fatalf("%d callers won, %d events, want 1 and 1", len(won), len(k.Events.Named(session.EventReused)))
	}
	k.wantDead("after the reuse", won[0])
}

func TestKeyRotation(t *testing.T) {
	k := newKit(t, session.Config{})
	first, other := k.start(phone), k.start(tablet())
	rotated := passwd.Keys{Current: passwd.RandomKeys().Current, Previous: [][]byte{k.keys.Current}}
	k.manager = k.newManager(session.Config{Keys: rotated})
	k.wantCheck("under the previous key", first, nil)
	second := k.refresh(first)
	k.wantCheck("refreshed under the new key", second, nil)
	if _, err := k.manager.Refresh(t.Context(), string(first.Refresh), passwd.Client{}); !errors.Is(err, session.ErrReused) {
		t.Errorf("a token spent under the previous key: error %v, want ErrReused", err)
	}

	again := k.start(phone) // replaces by the device, whatever the key
	if list, _ := k.manager.List(t.Context(), k.ada); len(list) != 2 {
		t.Errorf("%d sessions, want 2", len(list))
	}
	k.manager = k.newManager(session.Config{Keys: passwd.Keys{Current: rotated.Current}})
	k.wantCheck("under the new key alone", again, nil)
	k.wantDead("under a key that is gone", other)
}

func TestWrongTokens(t *testing.T) {
	k := newKit(t, session.Config{})
	p := k.start(phone)
	access := string(p.Access)
	flipped := []byte(access)
	flipped[63] ^= 1
	for name, token := range map[string]string{
		"the refresh token":     string(p.Refresh),
		"another digit":         string(flipped),
		"upper case":            strings.ToUpper(access),
		"shorter":               access[:63],
		"longer":                access + "0",
		"none":                  "",
		"with a space":          " " + access[:63],
		"with a newline":        access + "\n",
		"not hexadecimal":       strings.Repeat("g", 64),
		"huge":                  strings.Repeat(access, 1<<14),
		"what it is printed as": p.Access.String(),
		"the id of the session": p.Session.ID,
	} {
		if _, err := k.manager.Check(t.Context(), token); !errors.Is(err, passwd.ErrEnded) {
			t.Errorf("Check of %s: error %v, want ErrEnded", name, err)
		}
		if name == "the refresh token" {
			token = access
		}
		if _, err := k.manager.Refresh(t.Context(), token, passwd.Client{}); !errors.Is(err, passwd.ErrEnded) {
			t.Errorf("Refresh of %s: error %v, want ErrEnded", name, err)
		}
	}
	k.wantCheck("after that", p, nil)
	k.refresh(p)
}

// What cannot be a token costs no look at the store (I8).
func FuzzCheck(f *testing.F) {
	k := newKit(f, session.Config{})
	access := string(k.start(phone).Access)
	for _, seed := range []string{"", access, access[1:], strings.ToUpper(access), strings.Repeat("0", 64), "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		k.store.calls = nil
		_, err := k.manager.Check(t.Context(), token)
		if (err == nil) != (token == access) || err != nil && !errors.Is(err, passwd.ErrEnded) {
			t.Errorf("Check: error %v", err)
		}
		_, notHex := hex.DecodeString(token)
		possible := len(token) == 64 && notHex == nil && strings.ToLower(token) == token
		if asked := len(k.store.calls) > 0; asked != possible {
			t.Errorf("the store was asked: %t, want %t", asked, possible)
		}
	})
}

// Neither what the store is given, nor what is printed or reported, holds a token (I7, T2).
func TestNoSecrets(t *testing.T) {
	k := newKit(t, session.Config{})
	p := k.start(phone)
	q := k.refresh(p)
	k.wantCheck("in use", q, nil)
	k.manager.Refresh(t.Context(), string(p.Refresh), passwd.Client{})
	k.manager.SignOut(t.Context(), string(q.Access))

	var secrets []string
	for _, token := range []session.Token{p.Access, p.Refresh, q.Access, q.Refresh} {
		raw, err := hex.DecodeString(string(token))
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, string(token), string(raw), fmt.Sprint([32]byte(raw)))
	}
	clean := func(where, text string) {
		t.Helper()
		if i := slices.IndexFunc(secrets, func(s string) bool { return strings.Contains(text, s) }); i >= 0 {
			t.Errorf("a token is in %s", where)
		}
	}
	if dump := fmt.Sprintf("%v", k.store.given); len(k.store.given) < 6 || !strings.Contains(dump, p.Session.ID) {
		t.Fatal("the test does not see what it looks at")
	}
	for _, given := range k.store.given {
		clean("the store", fmt.Sprintf("%v %x %s", given, given, given))
	}
	for _, e := range k.Events.All() {
		clean("an event", fmt.Sprintf("%+v", e))
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	clean("JSON", string(text))
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("pair", "pair", p, "access", p.Access)
	clean("a log", log.String())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		clean("what "+verb+" prints", fmt.Sprintf(verb+" "+verb, p, p.Access))
	}
	clean("String", p.Access.String())
}

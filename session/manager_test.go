package session_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/session"
)

func TestConfig(t *testing.T) {
	good := session.Config{Store: memstore.New(), Keys: passwd.RandomKeys()}
	for _, tt := range []struct {
		name  string
		spoil func(*session.Config)
		says  string // "" if it is good
	}{
		{"the least", func(*session.Config) {}, ""},
		{"a short MaxAge shortens the others", func(c *session.Config) { c.MaxAge = time.Minute }, ""},
		{"an access token as long as the session", func(c *session.Config) { c.AccessTTL = 30 * day }, ""},
		{"no store", func(c *session.Config) { c.Store = nil }, "Config.Store is required"},
		{"no keys", func(c *session.Config) { c.Keys = passwd.Keys{} }, "Config.Keys.Current: 0 bytes"},
		{"a short key", func(c *session.Config) { c.Keys.Previous = [][]byte{make([]byte, 31)} }, "Config.Keys.Previous[0]: 31 bytes"},
		{"a negative lifetime", func(c *session.Config) { c.AccessTTL = -1 }, "Config.AccessTTL"},
		{"IdleTTL above MaxAge", func(c *session.Config) { c.IdleTTL = 31 * day }, "Config.IdleTTL"},
		{"AccessTTL above MaxAge", func(c *session.Config) { c.MaxAge, c.AccessTTL = day, 2*day }, "Config.AccessTTL"},
		{"a negative MaxAge", func(c *session.Config) { c.MaxAge = -day }, "Config."},
		{"a negative cap", func(c *session.Config) { c.MaxPerClient = -1 }, "Config.MaxPerClient"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := good
			tt.spoil(&cfg)
			_, err := session.New(cfg)
			if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want %q", err, tt.says)
			}
		})
	}
}

func TestStart(t *testing.T) {
	k := newKit(t, session.Config{})
	p := k.start(phone)
	form := regexp.MustCompile(`^[0-9a-f]{64}$`)
	if !form.MatchString(string(p.Access)) || !form.MatchString(string(p.Refresh)) || p.Access == p.Refresh {
		t.Error("tokens are not two of 256 bits in hexadecimal")
	}
	if p.ExpiresIn != time.Hour {
		t.Errorf("ExpiresIn is %v, want an hour", p.ExpiresIn)
	}
	now := k.Clock.Now()
	want := session.Session{
		ID: p.Session.ID, Account: k.ada, Epoch: k.signIn(password).Epoch, Client: "app", DeviceName: "Ada's phone",
		Addr: phone.From.Addr, UserAgent: "app/1.0", CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(14 * day),
	}
	if p.Session != want {
		t.Errorf("session is %+v,\nwant %+v", p.Session, want)
	}
	if id := p.Session.ID; len(id) != 36 || id[14] != '7' {
		t.Errorf("id %q is no UUID of version 7", id)
	}
	s, err := k.manager.Check(t.Context(), string(p.Access))
	if s != want || err != nil {
		t.Errorf("Check: %+v, error %v", s, err)
	}
	if n := len(k.Events.Named(session.EventStarted)); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

func TestStartRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before func(*kit, *passwd.SignedIn, *session.Info)
		want   error
		code   passwd.Code
	}{
		{"must change first (F7)", func(_ *kit, in *passwd.SignedIn, _ *session.Info) { in.Must = passwd.Temporary }, passwd.ErrChangeRequired, passwd.CodePasswordChangeRequired},
		{"changed since (I5)", func(k *kit, _ *passwd.SignedIn, _ *session.Info) { k.change("") }, passwd.ErrEnded, passwd.CodeUnauthenticated},
		{"revoked since (I5)", func(k *kit, _ *passwd.SignedIn, _ *session.Info) {
			k.Service.Revoke(context.Background(), passwd.Revoke{Account: k.ada})
		}, passwd.ErrEnded, passwd.CodeUnauthenticated},
		{"deleted since", func(k *kit, _ *passwd.SignedIn, _ *session.Info) { k.Kit.Store.Delete(k.ada) }, passwd.ErrEnded, passwd.CodeUnauthenticated},
		{"no epoch", func(_ *kit, in *passwd.SignedIn, _ *session.Info) { in.Epoch = 0 }, passwd.ErrEnded, passwd.CodeUnauthenticated},
		{"nobody", func(_ *kit, in *passwd.SignedIn, _ *session.Info) { *in = passwd.SignedIn{} }, passwd.ErrEnded, passwd.CodeUnauthenticated},
		{"a long client", func(_ *kit, _ *passwd.SignedIn, i *session.Info) { i.Client = strings.Repeat("c", 256) }, passwd.ErrInvalidRequest, passwd.CodeInvalidRequest},
		{"a client that is no text", func(_ *kit, _ *passwd.SignedIn, i *session.Info) { i.Client = "\xff" }, passwd.ErrInvalidRequest, passwd.CodeInvalidRequest},
		{"a NUL in the client", func(_ *kit, _ *passwd.SignedIn, i *session.Info) { i.Client = "a\x00" }, passwd.ErrInvalidRequest, passwd.CodeInvalidRequest},
		{"a long device", func(_ *kit, _ *passwd.SignedIn, i *session.Info) { i.Device = strings.Repeat("d", 1<<14+1) }, passwd.ErrInvalidRequest, passwd.CodeInvalidRequest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newKit(t, session.Config{})
			in, info := k.signIn(password), phone
			tt.before(k, &in, &info)
			p, err := k.manager.Start(t.Context(), in, info)
			if !errors.Is(err, tt.want) || passwd.CodeOf(err) != tt.code || p != (session.Pair{}) {
				t.Errorf("error %v, code %q, want %v", err, passwd.CodeOf(err), tt.want)
			}
			if list, _ := k.manager.List(t.Context(), k.ada); len(list) != 0 {
				t.Error("a session was opened nevertheless")
			}
		})
	}
}

// One pair for each account, client and device (format 1).
func TestOnePairPerDevice(t *testing.T) {
	k := newKit(t, session.Config{})
	twin := tablet() // of the same name, and yet another device
	twin.DeviceName = phone.DeviceName
	first, other := k.start(phone), k.start(twin)
	renamed := phone
	renamed.DeviceName = "Ada's old phone"
	second := k.start(renamed)
	k.wantDead("replaced", first)
	k.wantCheck("of another device", other, nil)
	k.wantCheck("the new one", second, nil)
	if first.Session.ID == second.Session.ID {
		t.Error("the session keeps its id at a new sign-in (S1)")
	}

	browser := phone
	browser.Client = "browser"
	k.start(browser)
	anonymous := phone
	anonymous.Device = ""
	k.start(anonymous)
	k.start(anonymous)
	if list, err := k.manager.List(t.Context(), k.ada); len(list) != 5 || err != nil {
		t.Errorf("%d sessions, error %v; want 5: another client, and no device, replace nothing", len(list), err)
	}
}

// The eleventh sign-in of an account and client ends the session with the oldest
// tokens (format 1).
func TestCap(t *testing.T) {
	k := newKit(t, session.Config{})
	anonymous := phone
	anonymous.Device = ""
	var pairs []session.Pair
	for range 10 {
		pairs = append(pairs, k.start(anonymous))
		k.Clock.Advance(time.Second)
	}
	pairs[0] = k.refresh(pairs[0])
	k.start(anonymous)
	k.wantDead("with the oldest tokens", pairs[1])
	k.wantCheck("with refreshed tokens", pairs[0], nil)
	k.wantCheck("not the oldest", pairs[2], nil)

	small := k.newManager(session.Config{Keys: k.keys, MaxPerClient: 2})
	if _, err := small.Start(t.Context(), k.signIn(password), anonymous); err != nil {
		t.Fatal(err)
	}
	if list, _ := k.manager.List(t.Context(), k.ada); len(list) != 2 {
		t.Errorf("%d sessions, want 2", len(list))
	}
}

func TestDisplay(t *testing.T) {
	k := newKit(t, session.Config{})
	for given, want := range map[string]string{
		"Ada's \u260e phone":             "Ada's \u260e phone",
		" a\r\nb\x00c\x1b[31m\u202ed\t":  "a  b c [31m d",
		"bad \xff\xfe bytes":             "bad  bytes",
		strings.Repeat("é", 200):         strings.Repeat("é", 128),
		strings.Repeat("\U0001f600", 99): strings.Repeat("\U0001f600", 99),
		strings.Repeat("x", 1<<20):       strings.Repeat("x", 128),
		"":                               "",
	} {
		info := phone
		info.DeviceName = given
		if got := k.start(info).Session.DeviceName; got != want {
			t.Errorf("%.40q is shown as %q, want %q", given, got, want)
		}
	}
	info := phone
	info.From.UserAgent = strings.Repeat("x", 1<<20)
	if got := k.start(info).Session.UserAgent; len(got) != 256 {
		t.Errorf("a user agent of %d bytes is kept", len(got))
	}
}

// A store that is down yields an error and an event, never success (I10).
func TestStoreDown(t *testing.T) {
	down := errors.New("connection refused")
	ctx := t.Context()
	for call, use := range map[string]func(*kit, session.Pair) error{
		"CreateSession": func(k *kit, _ session.Pair) error {
			_, err := k.manager.Start(ctx, k.signIn(password), phone)
			return err
		},
		"FindSession": func(k *kit, p session.Pair) error { _, err := k.manager.Check(ctx, string(p.Access)); return err },
		"RotateSession": func(k *kit, p session.Pair) error {
			_, err := k.manager.Refresh(ctx, string(p.Refresh), passwd.Client{})
			return err
		},
		"ListSessions": func(k *kit, _ session.Pair) error { _, err := k.manager.List(ctx, k.ada); return err },
		"EndSessions":  func(k *kit, p session.Pair) error { return k.manager.SignOut(ctx, string(p.Access)) },
	} {
		t.Run(call, func(t *testing.T) {
			k := newKit(t, session.Config{})
			p := k.start(phone)
			k.store.fail = map[string]error{call: down}
			if err := use(k, p); !errors.Is(err, passwd.ErrUnavailable) || !errors.Is(err, down) {
				t.Errorf("error %v, want ErrUnavailable", err)
			}
			if events := k.Events.Named(passwd.EventUnavailable); len(events) != 1 || !errors.Is(events[0].Err, down) {
				t.Errorf("events are %v, want one of the failure", events)
			}
			k.store.fail = nil
			k.wantCheck("afterwards", p, nil)
		})
	}
	k := newKit(t, session.Config{})
	p := k.start(phone)
	k.Clock.Advance(time.Hour - time.Second)
	k.store.fail = map[string]error{"TouchSession": down}
	k.wantCheck("when its use cannot be noted", p, nil)
	if n := len(k.Events.Named(passwd.EventUnavailable)); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := k.manager.Check(ended, string(p.Access)); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: error %v", err)
	}
}

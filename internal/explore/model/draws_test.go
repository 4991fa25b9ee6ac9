package model_test

import (
	"math/bits"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/explore/model"
)

var (
	tenants  = []string{"", "north", "south"}
	networks = []string{ // ten, some with more than one address
		"192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "198.51.100.1", "2001:db8:0:1::1", "2001:db8:0:1::2",
		"2001:db8:0:2::1", "2001:db8:0:3::1", "203.0.113.9", "",
	}
	usernames = []string{"user0", "User1", "user2", "user3", "user4", "user5", "user6", "mail4@x.example", "15552", "Ünal", "Kim", ""}
	emails    = []string{"mail0@x.example", "Mail1@x.example", "mail2@X.example", "mail3@x.example", "mail4@x.example", "user5", ""}
	mobiles   = []string{"+495550", "+495551", "15552", "15553", ""}
	passwords = []string{
		"orange kettle 01", "orange kettle 02", "orange kettle 03", "orange kettle 04", "pässword kettle 5", "pa\u0308ssword kettle 5",
		"fits twelve", "tiny", "", "with a \x00 in the middle", strings.Repeat("x", 5000),
	}
	jumps = []time.Duration{
		0, time.Second, 2 * time.Second, 10 * time.Second, time.Minute, 5 * time.Minute, 10 * time.Minute, 11 * time.Minute, time.Hour,
		3 * time.Hour, 25 * time.Hour, 4 * day, 8 * day, 15 * day, 26 * day, 31 * day, 60 * day,
	}
)

// draws of what a step is about

// below draws a number from 0 to n-1, all equally often: what rapid has of its own
// prefers the ends of a range.
func (w *world) below(t *rapid.T, n int, what string) int {
	if w.straight {
		return 0
	}
	if below := numbers[n]; below != nil {
		return below.Draw(t, what)
	}
	numbers[n] = rapid.Custom(func(t *rapid.T) (v int) {
		for range bits.Len(uint(n-1)) + 3 {
			if v *= 2; rapid.Bool().Draw(t, "bit") {
				v++
			}
		}
		return v % n
	})
	return numbers[n].Draw(t, what)
}

var numbers = map[int]*rapid.Generator[int]{}

func pick[E any](w *world, t *rapid.T, what string, from []E) E {
	return from[w.below(t, len(from), what)]
}

// oneIn is true once in n times, never where a history is shrunk.
func (w *world) oneIn(t *rapid.T, n int, what string) bool { return w.below(t, n, what) == n-1 }

func (w *world) account(t *rapid.T) *model.Account {
	r := pick(w, t, "account", w.focus)
	if w.oneIn(t, 8, "another") {
		r.Tenant = pick(w, t, "tenant", tenants)
		r.ID = strconv.Itoa(firstID + w.below(t, accounts+1, "id"))
	}
	w.touched = append(w.touched, r)
	if a := w.m.Accounts[r]; a != nil {
		return a
	}
	return &model.Account{Ref: r}
}

func (w *world) login(t *rapid.T, a *model.Account) passwd.Login {
	l := passwd.Login{Tenant: a.Ref.Tenant}
	texts := slices.DeleteFunc([]string{a.Username, a.Email, a.Mobile}, func(s string) bool { return s == "" })
	l.Value = pick(w, t, "login", append(texts, "nobody")[:max(len(texts), 1)])
	switch w.below(t, 20, "kind of login") {
	case 15:
		l.Kind = pick(w, t, "kind", []passwd.LoginKind{passwd.Username, passwd.Email, passwd.Mobile, "none"})
	case 16:
		l.Value = " \u200b" + strings.ToUpper(l.Value) + "\t\u2069"
	case 17:
		l.Tenant = pick(w, t, "tenant", tenants)
	case 18:
		l.Value = pick(w, t, "text", slices.Concat(usernames, emails, mobiles, []string{"U\u0308nal", "\u212aim"}))
	case 19:
		l.Value = pick(w, t, "nobody", []string{"nobody", "nobody@x.example", "999", "", strings.Repeat("n", 600), "a\x00b"})
	}
	return l
}

func (w *world) password(t *rapid.T, a *model.Account) string {
	switch n := w.below(t, 10, "password"); {
	case n < 7 && hashable(a.Password):
		return a.Password
	case n < 8 && len(w.issued) > 0:
		return latest(w, t, w.issued)
	}
	return pick(w, t, "other password", passwords)
}

// next picks a new password, mostly one that is long enough.
func (w *world) next(t *rapid.T) string {
	if w.straight {
		w.fresh++
		return passwords[w.fresh%4]
	}
	return pick(w, t, "new password", slices.Concat(passwords[:6], passwords))
}

func (w *world) client(t *rapid.T) passwd.Client {
	addr, _ := netip.ParseAddr(pick(w, t, "client", networks))
	c := passwd.Client{Addr: addr}
	if len(w.devices) > 0 && w.oneIn(t, 3, "with a device") {
		c.Device = latest(w, t, w.devices)
	}
	return c
}

// latest picks one of a list, often one of the last.
func latest[E any](w *world, t *rapid.T, from []E) E {
	if w.straight {
		return from[len(from)-1]
	}
	return from[len(from)-1-rapid.IntRange(0, len(from)-1).Draw(t, "latest")]
}

// token picks one of a purpose, rarely one of another, or none.
func (w *world) token(t *rapid.T, p passwd.Purpose) string {
	if w.oneIn(t, 12, "wrong token") {
		p = pick(w, t, "purpose", []passwd.Purpose{passwd.PurposeReset, passwd.PurposeTicket, passwd.PurposeCancel, passwd.PurposeCode})
	}
	if raw := w.raw[p]; len(raw) > 0 && !w.oneIn(t, 12, "no token") {
		return latest(w, t, raw)
	}
	return pick(w, t, "made up", []string{"", "short", strings.Repeat("A", 43)})
}

func (w *world) holder(t *rapid.T, a *model.Account) (passwd.Holder, model.Holder) {
	var h passwd.Holder
	var same model.Holder
	if w.oneIn(t, 4, "names holder") {
		h.Login = w.login(t, a)
		same.Login = h.Login
	}
	if len(w.known) > 0 && w.oneIn(t, 4, "user key") {
		h.UserKey = latest(w, t, w.known)
		r := w.users[h.UserKey]
		same.Key = &r
	}
	return h, same
}

// service is the one of the current keys, sometimes for one tenant alone.
func (w *world) service(t *rapid.T) *passwd.Service {
	s := w.services[w.keys]
	if w.m.Only = nil; w.oneIn(t, 10, "in tenant") {
		tenant := pick(w, t, "tenant", tenants)
		w.m.Only = &tenant
		s = s.InTenant(tenant)
	}
	return s
}

// keep picks a session to keep, or none.
func (w *world) keep(t *rapid.T) string {
	if len(w.ids) > 0 && w.oneIn(t, 2, "keep") {
		return latest(w, t, w.ids)
	}
	return ""
}

// presented picks an access or refresh token.
func (w *world) presented(t *rapid.T, from []string) string {
	if len(from) == 0 || w.oneIn(t, 12, "no token") {
		return pick(w, t, "made up", []string{"", "short", strings.Repeat("a", 64)})
	}
	return latest(w, t, from)
}

package model_test

import (
	"errors"
	"strconv"
	"time"

	"pgregory.net/rapid"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/explore/model"
)

const (
	accounts = 20
	firstID  = 11 // so that all have as many digits, and one order
)

// populate makes the 20 accounts of a host that has just adopted the library.
func (w *world) populate() {
	for i := range accounts {
		k := i / len(tenants)
		a := &model.Account{
			Ref: refOf(i), Row: true,
			Username: usernames[k], Email: emails[k], Mobile: mobiles[k%len(mobiles)],
			EmailConfirmed: k != 2, MobileConfirmed: k%2 == 0, Active: k != 5, Password: passwords[k%4], Stale: k%3 == 0,
		}
		if k == 1 || k == 2 {
			a.Email = emails[k-1] // of two accounts; the second does not hold it
		}
		w.m.Accounts[a.Ref] = a
		w.save(a)
	}
}

// save writes an account as the host does, with a new hash.
func (w *world) save(a *model.Account) {
	form, hash := presentForm, passwd.Hash("")
	if a.Stale {
		form = earlierForm
	}
	switch a.Password {
	case "":
	case model.Unknowable:
		hash = "unknowable"
	default:
		hash = hashOf(form, a.Password)
	}
	w.host.save(a, hash)
	w.m.Saved(a)
}

func hashable(password string) bool { return password != "" && password != model.Unknowable }

// hook has Config.AfterWrite fail from now on, or work again.
func (w *world) hook(*rapid.T) {
	if w.hookDown == nil {
		w.hookDown = errors.New("the hook is down")
	} else {
		w.hookDown = nil
	}
	w.log("%v", w.hookDown)
}

// inTransaction is a flow in a transaction of the host's, which may roll it back.
func (w *world) inTransaction(t *rapid.T) {
	sqlite, ok := w.host.(*inSQLite)
	if !ok {
		return
	}
	w.m.Only = nil
	a := w.account(t)
	how, commit := w.below(t, 5, "flow"), w.oneIn(t, 2, "commit")
	w.log("%v: %d, committed: %t", a.Ref, how, commit)
	tx, err := sqlite.db.Begin()
	if err != nil {
		w.fail("no transaction")
	}
	within := sqlite.store.Within(tx)
	inside := &watched{backend: within, queue: within, now: w.store.now}
	s := w.services[w.keys].With(inside)
	var got model.Answer
	var want func() model.Answer
	switch how {
	case 0:
		epoch, err := s.Revoke(ctx, passwd.Revoke{Account: a.Ref})
		got, want = answer(model.Answer{Epoch: epoch}, err), func() model.Answer { return w.m.Revoke(a.Ref, "") }
	case 1:
		got = answer(model.Answer{}, s.RequireChange(ctx, passwd.RequireChange{Account: a.Ref}))
		want = func() model.Answer { return w.m.Require(a.Ref, passwd.Administrator) }
	case 2:
		got = answer(model.Answer{}, s.MarkCompromised(ctx, passwd.MarkCompromised{Account: a.Ref}))
		want = func() model.Answer { return w.m.MarkCompromised(a.Ref, passwd.Client{}) }
	case 3:
		made, err := s.IssueTemporary(ctx, passwd.IssueTemporary{Account: a.Ref})
		got = w.written(made.Written, err)
		want = func() model.Answer { return w.m.IssueTemporary(a.Ref, 0, passwd.Client{}, made.Password) }
	default:
		got, want = answer(model.Answer{}, s.Forget(ctx, a.Ref)), func() model.Answer { return w.m.Forget(a.Ref) }
	}
	if !commit {
		if tx.Rollback() != nil {
			w.fail("no rollback")
		}
		if how == 4 {
			w.m.ForgetCounts(a.Ref) // the limiter is no part of it
		}
		return // and nothing else has happened
	}
	if tx.Commit() != nil {
		w.fail("no commit")
	}
	w.store.put, w.store.wrote = append(w.store.put, inside.put...), append(w.store.wrote, inside.wrote...)
	w.compare(got, want())
}

// hostWrites changes a row behind the library's back.
func (w *world) hostWrites(t *rapid.T) {
	a := w.account(t)
	if !a.Row {
		w.create(t, a.Ref)
		return
	}
	switch w.below(t, 18, "what") / 2 {
	case 0:
		before := a.Password
		a.Password, a.Stale = pick(w, t, "hash of", append(passwords[:6:6], "", model.Unknowable)), rapid.Bool().Draw(t, "stale")
		if !hashable(a.Password) {
			a.Stale = false
		}
		if a.Password != before || hashable(before) { // each hash has a salt of its own
			a.Rebind()
		}
		w.log("%v: hash of %.20q", a.Ref, a.Password)
		w.save(a)
		return
	case 1:
		a.Disabled = !a.Disabled
	case 2:
		a.Active = !a.Active
	case 3:
		a.Email, a.EmailConfirmed = pick(w, t, "email", emails), rapid.Bool().Draw(t, "confirmed")
	case 4:
		a.Mobile, a.MobileConfirmed = pick(w, t, "mobile", mobiles), rapid.Bool().Draw(t, "confirmed")
	case 5:
		a.Username = pick(w, t, "username", usernames)
	case 6, 7:
		a.EmailConfirmed, a.MobileConfirmed = rapid.Bool().Draw(t, "email confirmed"), rapid.Bool().Draw(t, "mobile confirmed")
	case 8:
		if w.below(t, 2, "whether") == 0 {
			return
		}
		w.log("%v: deleted", a.Ref)
		w.host.remove(a.Ref)
		w.m.Delete(a.Ref)
		return
	}
	w.log("%+v", *a)
	stored, err := w.store.Get(ctx, a.Ref)
	if err != nil {
		w.fail("an error")
	}
	w.host.save(a, stored.Hash)
}

// create inserts a row, whose id may have been another's.
func (w *world) create(t *rapid.T, r passwd.Ref) {
	w.createWith(t, r, pick(w, t, "hash of", passwords[:4]))
}

func (w *world) createWith(t *rapid.T, r passwd.Ref, password string) {
	a := w.m.Accounts[r]
	if a == nil {
		a = &model.Account{Ref: r}
		w.m.Accounts[r] = a
	}
	a.Row, a.Active, a.Disabled = true, true, false
	a.Username, a.Email, a.Mobile = pick(w, t, "username", usernames), pick(w, t, "email", emails), pick(w, t, "mobile", mobiles)
	a.EmailConfirmed, a.MobileConfirmed = true, false
	a.Password, a.Stale = password, false
	w.log("%+v: created", *a)
	w.save(a)
}

func (w *world) deleteWhole(t *rapid.T) {
	a, s := w.account(t), w.services[w.keys]
	if w.m.Only = nil; a.Row && w.oneIn(t, 2, "back again") {
		defer w.create(t, a.Ref)
	}
	w.log("%v", a.Ref)
	w.host.remove(a.Ref)
	w.m.Delete(a.Ref)
	w.compare(answer(model.Answer{}, s.Forget(ctx, a.Ref)), w.m.Forget(a.Ref))
}

// purge is what Run does now and then.
func (w *world) purge(t *rapid.T) {
	before := w.m.Now.Add(-day)
	w.log("")
	for more := true; more; {
		var err error
		if _, more, err = w.store.Purge(ctx, before, 1000); err != nil {
			w.fail("an error")
		}
	}
	w.m.Purge(before, w.forgets)
}

func (w *world) advance(d time.Duration) {
	w.m.Now = w.m.Now.Add(d)
	if w.m.Now.After(w.latest) {
		w.latest = w.m.Now
	}
}

// tick keeps two tokens from having been asked for at the same moment: which of these
// is the older one, a store may choose.
func (w *world) tick() { w.advance(time.Second) }

func (w *world) clock(t *rapid.T) {
	d := pick(w, t, "jump", jumps)
	// What was purged cannot come back, so the clock never goes back by more than 20 hours.
	if w.oneIn(t, 6, "back") && w.latest.Sub(w.m.Now) < 19*time.Hour {
		d = -time.Hour
	}
	w.advance(d)
	w.log("%v: %v", d, w.m.Now)
}

// tenDays are a little less, so that three of them end shortly before a month does.
func (w *world) tenDays(*rapid.T) {
	w.advance(10*day - 10*time.Minute)
	w.log("")
}

func (w *world) fiveMinutes(*rapid.T) {
	w.advance(5 * time.Minute)
	w.log("")
}

func (w *world) rotate(*rapid.T) {
	w.keys = 1 - w.keys
	w.m.Keys = strconv.Itoa(w.keys)
	w.log("")
}

package model_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/internal/testrun"
)

// planted are faults that the histories have to find: in a file, one text in place of
// another that is there once.
var planted = []struct{ name, file, old, new string }{
	{"a temporary password is good for ever", "signin.go", `!s.now().Before(a.MustUntil):`, `s.now().IsZero():`},
	{"an account that is not active signs in", "signin.go", `case !a.Active:`, `case false:`},
	{"a suspended password opens", "signin.go", `case a.Must == Compromised:`, `case false:`},
	{"a ticket is good although the change was lifted", "change.go", `return a.Must != NoReason && a.Must != Compromised &&`, `return a.Must != Compromised &&`},
	{"a change by login needs no reason", "change.go", `!r.Always && a.Must == NoReason`, `false`},
	{"a change by login asks for no second factor", "change.go", `if s.cfg.Admit == nil {`, `if true {`},
	{"a change ends the session that asks", "write.go", `KeepSession: c.keep`, `KeepSession: ""`},
	{"a session is live at any epoch", "live.go", `epoch != 0 && a.Epoch == epoch:`, `epoch != 0:`},
	{"a revocation ends nothing", "admin.go", `Raise: true, KeepSession`, `KeepSession`},
	{"a revocation of all leaves the epochs", "memstore/credentials.go", `o.epoch += by`, `_ = o.epoch`},
	{"a revocation of all is good for once", "memstore/credentials.go", `if o.epoch != 0 {`, `if o.epoch != 0 && o.epoch < by {`},
	{"a revocation of one tenant is one of all", "admin.go", `if !ok || s.only != nil {
		return 0, errors.ErrUnsupported`, `if !ok {
		return 0, errors.ErrUnsupported`},
	{"a temporary password may be lifted", "admin.go", `a.Must == Temporary || a.Must == Compromised ||`, `a.Must == Compromised ||`},
	{"Forget leaves the counts", "admin.go", `	err := s.forgetCounts(ctx, r)`, `	var err error`},
	{"AfterWrite is not promised", "write.go", `append(jobs, after...)`, `jobs`},
	{"a link is good although its account is not active", "redeem.go", `if a.Disabled || !a.Active ||`, `if a.Disabled ||`},
	{"a link is good although its address was given up", "redeem.go", `if rec.Address == (Digest{}) {`, `if true {`},
	{"an address is not found under an earlier key", "redeem.go", "		for _, key := range s.keys {\n			if key.address(own)", "		for _, key := range s.keys[:1] {\n			if key.address(own)"},
	{"a token is not found under an earlier key", "redeem.go", `range s.keys.refs(p, t) {`, `range s.keys.refs(p, t)[:1] {`},
	{"presenting a link is not counted for its account", "redeem.go", `Step{Key: s.keys.limiterKey("redeem", string(rec.Purpose), a.Tenant, a.ID), Do: StepTake,`, `Step{Key: s.keys.limiterKey("redeem", string(rec.Purpose), a.Tenant, a.ID), Do: StepPeek,`},
	{"a link tells of the past for ever", "redeem.go", `answers[1].Count < maxReused {`, `answers[1].Count < 100 {`},
	{"a link tells of the past without end in an hour", "redeem.go", `Step{Key: reused, Do: StepPeek, Limit: reusedAnHour})`, `Step{Key: reused, Do: StepPeek, Limit: reusedAnHour, Silent: true})`},
	{"a user key opens anybody's link", "reset.go", `hmac.Equal([]byte(key.userKey(a.Ref)), []byte(h.UserKey)) || fits`, `hmac.Equal([]byte(key.userKey(a.Ref)), []byte(h.UserKey)) || len(h.UserKey) == 22`},
	{"a login opens anybody's link", "reset.go", `if m.Ref == a.Ref {`, `if m.Ref.Tenant == a.Ref.Tenant {`},
	{"a reset forgives nothing", "reset.go", `		s.forgive(ctx, a, r.Client)`, ``},
	{"a full queue costs the quota", "reset.go", `Step{Key: takes[1].Key, Do: StepRefund}`, `Step{Key: takes[1].Key, Do: StepPeek}`},
	{"a request absorbs those of others", "reset.go", `strconv.FormatBool(t.TellShared), from, t.Device)`, `strconv.FormatBool(t.TellShared))`},
	{"a link by text message lives for an hour", "compose.go", `ttl = min(ttl, smsTTL)`, `ttl = min(ttl, resetTTL)`},
	{"a delivery that is tried again counts again", "compose.go", `if n > 1 {`, `if n > 1000 {`},
	{"an account is sent messages all day", "compose.go", `messagesADay   = Limit{Free: 60,`, `messagesADay   = Limit{Free: 600,`},
	{"the fourth link ends nothing", "compose.go", `s.cfg.Limits.LiveLinks, a, to, m)`, `0, a, to, m)`},
	{"all requesters share a quota", "compose.go", `from := t.keys[0].requester(q)`, `q.id = ""; from := t.keys[0].requester(q)`},
	{"codes that failed are not counted for the account", "code.go", `Step{Key: g.account, Do: StepTake, Limit: g.limit, Silent: true})`, `Step{Key: g.account, Do: StepPeek, Limit: g.limit, Silent: true})`},
	{"tries beyond the fifth at a code are counted for the account", "code.go", `if !g.exhausted {`, `if true {`},
	{"a code stands six attempts", "code.go", `Limit{Free: codeTries, Window: codeTTL}`, `Limit{Free: codeTries + 1, Window: codeTTL}`},
	{"a code is good twice", "code.go", `}, 0, &code.TokenRef)`, `}, 0, nil)`},
	{"known networks share the strangers' codes", "code.go", `	if q.known {`, `	if q.known && false {`},
	{"a first epoch forgives the failures", "guess.go", `a.ChangedAt.UnixMicro()`, `a.Epoch`},
	{"a stop stops nobody", "guess.go", `g.closed = g.count > g.stop`, `g.closed = g.count > g.stop+1`},
	{"a guess within a wait is judged", "guess.go", `g.closed, g.waited = true, true`, `g.waited = true`},
	{"the owner is told of each failure", "guess.go", `return stopped && answers[len(answers)-1].Wait == 0, nil`, `return stopped && len(answers) > 0, nil`},
	{"a right password does not make a network known", "guess.go", `append(steps, g.remember()...)`, `steps`},
	{"a known network is forgotten a month after the first sign-in", "requester.go", `answers[at].Wait > renewNetwork`, `answers[at].Wait > 0`},
	{"a network of IPv6 is one address", "config.go", `addr.Prefix(64)`, `addr.Prefix(128)`},
	{"known networks stop later", "config.go", `return l.StopAfter / 5`, `return l.StopAfter / 3`},
	{"an unconfirmed twin takes the owner's login", "login.go", `	return byUnconfirmed
}`, `	return byConfirmed
}`},
	{"a closed account takes the owner's login", "login.go", `if a.Active && !a.Disabled {`, `if true {`},
	{"the age of a password is not looked at", "policy.go", `case must.IsZero() || s.now().Before(warn):`, `case must.IsZero() || !s.now().Before(warn.Add(-1<<60)):`},
	{"a password that is due is not told in time", "policy.go", `		return a, must, nil`, `		return a, time.Time{}, nil`},
	{"sixteen tickets and more", "signin.go", `maxTickets, nil)`, `0, nil)`},
	{"a job that has expired is done", "work.go", `	if !s.now().Before(j.NotAfter) {`, `	if false {`},
	{"a wait is not forgiven", "limiter.go", `		t.Level -= int(forgiven)`, `		_ = forgiven`},
	{"a device that has failed too often is known", "requester.go", `held && answers[at].Count < maxDeviceTries`, `held`},
	{"the device of another account is known", "requester.go", `if !ok || since < -day`, `if since < -day`},
	{"a raise leaves the epoch", "memstore/credentials.go", `w.NextEpoch(before); before`, `func() int64 { w.Raise = false; return w.NextEpoch(before) }(); before`},
	{"tokens are live at any epoch", "memstore/tokens.go", `return t.Live(s.epoch(t.Account), now)`, `return t.Live(t.Epoch, now)`},
	{"a link issued again for another address is as good", "memstore/tokens.go", `first.Address != t.Address ||`, ``},
	{"a reset leaves \"this was not me\" links", "memstore/credentials.go", `if w.VoidAll {`, `if w.VoidAll && false {`},
	{"Forget leaves the tokens", "memstore/credentials.go", `delete(s.tokens, t.TokenRef)`, `_ = t`},
	{"Forget lifts a suspension", "memstore/credentials.go", `		a.ChangedAt = time.Time{}`, `		a.ChangedAt, a.Must = time.Time{}, passwd.NoReason`},
	{"what Forget has left is the next hash's as well", "memstore/accounts.go", `o.forgotten && o.bound != a.Hash`, `o.forgotten && false`},
	{"the history is one short", "memstore/credentials.go", `o.history[:min(max(n, 0), len(o.history))])
}

// Rehash`, `o.history[:min(max(n-1, 0), len(o.history))])
}

// Rehash`},
	{"a session of the same device stays", "memstore/sessions.go", `case h.Device == r.Device:`, `case false:`},
	{"a refresh token is good twice", "memstore/sessions.go", `if h.Refresh != r.IfRefresh {`, `if false {`},
	{"a session lives for as long as it is used", "session/manager.go", `return earlier(now.Add(m.cfg.IdleTTL), s.CreatedAt.Add(m.cfg.MaxAge))`, `return now.Add(m.cfg.IdleTTL)`},
	{"an access token outlives its session", "session/manager.go", `return earlier(now.Add(m.cfg.AccessTTL), s.CreatedAt.Add(m.cfg.MaxAge))`, `return now.Add(m.cfg.AccessTTL)`},
	{"a session is good although the password must be changed", "session/manager.go", `if r.Must = must; must != passwd.NoReason {`, `if r.Must = must; false {`},
}

// The code still has what the faults are planted in.
func TestPlantedFits(t *testing.T) {
	for _, p := range planted {
		testrun.Plant(t, filepath.Join("../../..", p.file), p.old, p.new)
	}
}

// TestPlanted plants one fault after the other, in an overlay of its file, and holds
// that a minute of histories finds it.
func TestPlanted(t *testing.T) {
	testrun.NeedLong(t)
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range planted {
		t.Run(p.name, func(t *testing.T) {
			overlay := testrun.Plant(t, filepath.Join(root, p.file), p.old, p.new)
			cmd := exec.CommandContext(t.Context(), "go", "test", "-overlay", overlay, "-count=1", "-run", "^TestMemory$", ".", "-model.time", "1m", "-rapid.shrinktime", "1s")
			cmd.Env = append(os.Environ(), "PASSWD_TEST_LONG=")
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "[rapid] failed after") && !strings.Contains(string(out), "[rapid] flaky") {
				t.Fatalf("not found:\n%s", out)
			}
		})
	}
}

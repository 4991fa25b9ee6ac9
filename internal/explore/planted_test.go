package explore_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/passwd-go/passwd/internal/testrun"
)

type plantedFault struct{ name, file, old, new string }

// planted are faults that the explorer has to find: in a file, one text in place of
// another that is there once.
var planted = []plantedFault{
	{"a sign-in goes on although the account was suspended", "signin.go", `if err == nil && refused != nil {`, `if err == nil && refused != nil && false {`},
	{"a sign-in that meets another write gives up", "signin.go", `conflicts < maxConflicts {`, `conflicts < maxConflicts && false {`},
	{"a write is repeated without asking again", "write.go", `if c.recheck != nil {`, `if c.recheck != nil && false {`},
	{"a write goes on with a password that is no longer the current one", "signin.go", `if fresh.Hash != verified {`, `if false {`},
	{"a revocation ends nothing", "admin.go", `Raise: true, KeepSession`, `KeepSession`},
	{"notices are queued after the write", "write.go", "	if s.storeIsQueue {\n		w.Jobs = jobs\n	}", "	if s.storeIsQueue {\n		defer s.enqueue(ctx, jobs)\n	}"},
	{"AfterWrite is not promised", "write.go", `append(jobs, after...)`, `jobs`},
	{"the event comes before the write", "write.go", `	if _, err := s.apply(ctx, w, append(jobs`, "	s.Observe(ctx, Event{Name: EventChanged})\n	if _, err := s.apply(ctx, w, append(jobs"},
	{"a first password is written without asking again", "first.go", `method: MethodFirst, client: c, recheck: s.mayHaveFirst`, `method: MethodFirst, client: c`},
	{"an invitation is good although there is a password", "redeem.go", `rec.Purpose == PurposeInvitation && a.Hash != ""`, `false`},
	{"an invitation is sent to whoever has a password by now", "first.go", `a.Epoch != t.Epoch || t.allowed(a) != nil`, `false`},
	{"a session is live at any epoch", "live.go", `epoch != 0 && a.Epoch == epoch:`, `epoch != 0:`},
	{"a code is good twice", "code.go", `}, 0, &code.TokenRef)`, `}, 0, nil)`},
	{"a limiter that is down is passed over", "requester.go", "	if err != nil {\n		return nil, s.fault(ctx, err)\n	}\n	var wait", "	if err != nil {\n		answers = make([]Taken, len(steps))\n	}\n	var wait"},
	{"a hasher that fails keeps its turn", "hashing.go", "	defer s.gate.Leave(t)\n	h, err := s.cfg.Hasher.Hash(ctx, prepared)\n	if err != nil {", "	h, err := s.cfg.Hasher.Hash(ctx, prepared)\n	if err == nil {\n		s.gate.Leave(t)\n	} else {"},
	{"a job is done before it is delivered", "work.go", "	names, err := s.attend(ctx, j, &e)", "	s.queue.Done(ctx, j.ID)\n	names, err := s.attend(ctx, j, &e)"},
	{"a suspension that failed is passed over", "reset.go", "	if err != nil {\n		return err\n	}\n	s.Observe(ctx, Event{Name: EventSuspended", "	if errors.Is(err, ErrConflict) {\n		return err\n	}\n	s.Observe(ctx, Event{Name: EventSuspended"},
	{"Apply does not compare the hash", "memstore/credentials.go", `w.Check(s.out(a))`, `func() error { b := s.out(a); b.Hash = w.IfHash; return w.Check(b) }()`},
	{"Apply does not compare the epoch", "memstore/credentials.go", `w.Check(s.out(a))`, `func() error { b := s.out(a); b.Epoch = w.IfEpoch; return w.Check(b) }()`},
	{"Apply does not compare the need for a change", "memstore/credentials.go", `w.Check(s.out(a))`, `func() error { b := s.out(a); b.Must = w.IfMust; return w.Check(b) }()`},
	{"Rehash replaces whatever is there", "memstore/credentials.go", "	if a.Hash != old {\n		return false, nil\n	}", ""},
	{"a raise leaves the epoch", "memstore/credentials.go", `w.NextEpoch(before); before`, `func() int64 { w.Raise = false; return w.NextEpoch(before) }(); before`},
	{"tokens are live at any epoch", "memstore/tokens.go", `return t.Live(s.epoch(t.Account), now)`, `return t.Live(t.Epoch, now)`},
	{"a code that was exchanged is not spent", "memstore/tokens.go", "	if spent != nil {\n		spent.SpentAt = now\n	}", ""},
	{"a reset leaves \"this was not me\" links", "memstore/credentials.go", `if w.VoidAll {`, `if w.VoidAll && false {`},
	{"Forget leaves the tokens", "memstore/credentials.go", `delete(s.tokens, t.TokenRef)`, `_ = t`},
	{"a refresh token is good twice", "memstore/sessions.go", `if h.Refresh != r.IfRefresh {`, `if false {`},
	{"a session that was not stored is handed out", "session/manager.go", "	err = m.store.CreateSession(ctx, r, m.cfg.MaxPerClient)", "	err = m.store.CreateSession(ctx, r, m.cfg.MaxPerClient)\n	err = nil"},
	{"a store that is down has no sessions", "session/manager.go", `if errors.Is(err, passwd.ErrNotFound) {`, `if err != nil {`},
}

var replayed = regexp.MustCompile(`PASSWD_EXPLORE='[^']*'`)

// plant returns an overlay with the fault.
func (p plantedFault) plant(t *testing.T, root string) (overlay string) {
	t.Helper()
	return testrun.Plant(t, filepath.Join(root, p.file), p.old, p.new)
}

// The code still has what the faults are planted in.
func TestPlantedFits(t *testing.T) {
	for _, p := range planted {
		p.plant(t, "../..")
	}
}

// TestPlanted plants one fault after the other, in an overlay of its file, and holds
// that the tests of this package find it: those of every day, or, where it shows in few
// states only, which they draw from, those of .ci/run.
func TestPlanted(t *testing.T) {
	testrun.NeedLong(t)
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range planted {
		t.Run(p.name, func(t *testing.T) {
			overlay := p.plant(t, root)
			for _, ci := range []string{"", "1"} {
				cmd := exec.CommandContext(t.Context(), "go", "test", "-overlay", overlay, "-count=1", "-failfast", "-run", "TestFaults|TestFirst|TestPairs|TestTriples", "./internal/explore")
				cmd.Dir, cmd.Env = root, append(os.Environ(), "PASSWD_TEST_LONG=", "PASSWD_TEST_CI="+ci)
				out, err := cmd.CombinedOutput()
				found := replayed.FindString(string(out))
				switch {
				case err != nil && found != "":
					t.Log(found)
					return
				case err != nil || ci != "":
					t.Fatalf("not found:\n%s", out)
				}
			}
		})
	}
}

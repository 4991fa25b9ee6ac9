package explore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

// Outcome is what operations have answered and what they have left, in words that do
// not depend on what is random.
type Outcome struct {
	Said   []string       // what each operation has answered
	State  []string       // as probes by the service and the store found it
	Counts map[string]int // of the limiter, by kind of key
	Broken []string       // invariants that do not hold
	// Outrun says that the account was deleted and forgotten between the look-up of a
	// guess and its count.
	Outrun bool
}

// String is what two outcomes that are the same have in common. The counts are not
// part of it: see Orders.
func (o Outcome) String() string {
	lines := make([]string, 0, len(o.Said)+len(o.State))
	for i, a := range o.Said {
		lines = append(lines, fmt.Sprintf("%d: %s", i, a))
	}
	return strings.Join(append(lines, o.State...), "\n")
}

// Finish looks at what the operations have left. The world is used up by it. The
// probing is a new process's.
func (w *World) Finish() Outcome {
	ctx := context.Background()
	w.checkTurns()
	w.replica = w.newReplica(false, 0)
	w.Clock.Advance(max(0, w.began.Sub(w.Clock.Now()))) // what was set back is right again
	o := Outcome{Counts: w.counts(), Outrun: w.outrun}
	w.checkEnded()
	for _, c := range w.callers {
		o.Said = append(o.Said, w.answers(c))
	}
	messages := w.messages()
	a, err := w.Store.Get(ctx, ref)
	exists := err == nil
	o.State = append(o.State, w.account(a, exists), messages)
	if exists {
		o.State = append(o.State, w.tokenList(), w.sessionList())
	}
	o.State = append(o.State, w.probe("from home", home), w.probe("from elsewhere", stranger(99)))
	w.checkStopped(a, exists)
	w.checkWritten()
	if !exists {
		w.checkHeir()
	}
	o.Broken = w.broken
	w.release()
	return o
}

// checkTurns says that everybody who has hashed has made room for others.
func (w *World) checkTurns() {
	for _, r := range w.replicas {
		if s := r.svc.Stats(); s.Running != 0 || s.Waiting != 0 {
			w.breaks("I8: a turn was not given back: %d run, %d wait", s.Running, s.Waiting)
		}
	}
}

func (w *World) account(a passwd.Account, exists bool) string {
	if !exists {
		return "no account"
	}
	words := []string{"password", w.nameOf(a.Hash)}
	switch {
	case a.Epoch == 0:
		words = append(words, "no epoch")
	case w.before.Epoch == 0:
		words = append(words, "first epoch")
	case a.Epoch >= w.before.Epoch && a.Epoch-w.before.Epoch < 100:
		words = append(words, fmt.Sprintf("epoch+%d", a.Epoch-w.before.Epoch))
	default:
		words = append(words, "other epoch")
	}
	if a.Must != "" {
		words = append(words, "must="+string(a.Must))
	}
	if !a.MustUntil.IsZero() {
		words = append(words, fmt.Sprint("until ", a.MustUntil.Sub(w.began).Round(time.Hour)))
	}
	if a.Disabled {
		words = append(words, "disabled")
	}
	if a.NoPassword {
		words = append(words, "must not have one")
	}
	if !a.Active {
		words = append(words, "inactive")
	}
	switch {
	case a.ChangedAt.IsZero():
		words = append(words, "of unknown age")
	case w.began.Sub(a.ChangedAt) > tooOld/2:
		words = append(words, "old")
	}
	history, _ := w.Store.History(context.Background(), ref, 24)
	return strings.Join(append(words, a.Email, fmt.Sprint("history ", len(history))), ", ")
}

// nameOf tells whose password a hash is of.
func (w *World) nameOf(h passwd.Hash) string {
	password := w.passwordOf(h)
	name := map[string]string{right: "right", previous: "previous", hosts: "host's", "": "unknown"}[password]
	if h == "" {
		return "none"
	}
	for _, c := range w.callers {
		if c.new == password {
			name = fmt.Sprint("new ", c.n)
		}
	}
	if strings.HasPrefix(string(h), stale) {
		name += staleMark
	}
	return cmp.Or(name, "issued")
}

const staleMark = " (stale)"

func (w *World) passwordOf(h passwd.Hash) string {
	return w.passwords[passwd.Hash(strings.TrimPrefix(string(h), stale))]
}

// answers are those of a caller, and what has become of what was opened.
func (w *World) answers(c *Caller) string {
	var words []string
	for _, a := range c.answers {
		text := a.call + " " + a.code
		if a.in.Epoch != 0 {
			why, err := w.replica.svc.Live(context.Background(), ref, a.in.Epoch)
			if err == nil && a.dead {
				w.breaks("I5: a sign-in outlives the write that came after it")
			}
			text += fmt.Sprintf(" must=%s (then live=%t %s)", a.in.Must, err == nil, why)
		}
		words = append(words, text)
	}
	return strings.Join(words, ", ")
}

func (w *World) tokenList() string {
	var list []string
	for _, t := range w.tokens {
		_, err := w.Store.Peek(context.Background(), t.TokenRef, w.Clock.Now())
		if err == nil && t.dead != "" {
			w.breaks("%s: %s token is live", t.dead, t.Purpose)
		}
		if err == nil {
			list = append(list, string(t.Purpose))
		}
	}
	return "live tokens: " + sorted(list)
}

func (w *World) sessionList() string {
	var list []string
	for _, s := range w.sessions {
		_, why, err := w.Store.FindSession(context.Background(), session.TokenRef{Kind: session.Access, Digest: s.Access}, w.Clock.Now())
		if err == nil && s.dead != "" {
			w.breaks("%s: session is live", s.dead)
		}
		if err == nil {
			list = append(list, "must="+string(why))
		}
	}
	return "live sessions: " + sorted(list)
}

// probe signs in with the account's password, as far as it is known, and with another.
func (w *World) probe(name string, from passwd.Client) string {
	a, _ := w.Store.Get(context.Background(), ref)
	password := cmp.Or(w.passwordOf(a.Hash), right)
	in, err := w.replica.svc.SignIn(context.Background(), passwd.SignIn{Login: login, Password: password, Client: from})
	_, not := w.replica.svc.SignIn(context.Background(), passwd.SignIn{Login: login, Password: wrong, Client: from})
	return fmt.Sprintf("%s: right %s must=%s, wrong %s", name, passwd.CodeOf(err), in.Must, passwd.CodeOf(not))
}

// messages are all that was sent, once whatever waited has been delivered, by the
// time in which leases and retries are over.
func (w *World) messages() string {
	w.deliver()
	w.Clock.Advance(7 * time.Minute)
	w.deliver()
	seen := make(map[string]bool)
	var list []string
	for _, m := range w.mail.All() {
		if !seen[m.ID] && m.Kind != passwd.MessageSignInStopped { // which may be lifted meanwhile: see checkStopped
			list = append(list, fmt.Sprintf("%s to %s", m.Kind, m.To))
		}
		seen[m.ID] = true
	}
	return "messages: " + sorted(list)
}

func (w *World) counts() map[string]int {
	counts := make(map[string]int)
	for key := range w.counted {
		answers, _ := w.limiter.Do(context.Background(), w.Clock.Now(), passwd.Step{Key: key, Do: passwd.StepPeek, Silent: true})
		counts[kindOf(key)] += answers[0].Count
	}
	return counts
}

func sorted(list []string) string {
	slices.Sort(list)
	return strings.Join(list, "; ")
}

// checkEnded holds against I5 what tells the epoch of the account.
func (w *World) checkEnded() {
	account, _ := w.Store.Get(context.Background(), ref)
	if _, err := w.replica.svc.Live(context.Background(), ref, w.in.Epoch); err == nil && w.said(enders...) > 0 {
		w.breaks("I5: what was opened before is live after a call that ends it")
	}
	for _, c := range w.callers {
		for _, a := range c.answers {
			_, err := w.replica.svc.Live(context.Background(), ref, a.in.Epoch)
			if a.in.Epoch != 0 && a.in.Epoch != account.Epoch && err == nil {
				w.breaks("I5: an epoch is live that is not the account's")
			}
		}
	}
}

// checkStopped says that nobody is shut out untold (I11).
func (w *World) checkStopped(a passwd.Account, exists bool) {
	if !exists || a.Disabled || !a.Active || a.Hash == "" || a.NoPassword || a.Must == passwd.Compromised || a.Must == passwd.Temporary {
		return
	}
	w.Clock.Advance(time.Hour) // no wait is left
	w.deliver()
	_, err := w.replica.svc.SignIn(context.Background(), passwd.SignIn{Login: login, Password: w.passwordOf(a.Hash), Client: stranger(98)})
	told := slices.ContainsFunc(w.mail.All(), func(m passwd.Message) bool { return m.Kind == passwd.MessageSignInStopped })
	if passwd.CodeOf(err) == passwd.CodeWrongCredentials && !told && !w.stopTold {
		w.breaks("the account is stopped and its owner was never told")
	}
}

// checkWritten holds what was said of writes against those that have happened.
func (w *World) checkWritten() {
	notices := 0
	seen := make(map[string]bool)
	for _, m := range w.mail.All() {
		switch m.Kind {
		case passwd.MessagePasswordChanged, passwd.MessagePasswordReset, passwd.MessageTemporaryPassword:
			if !seen[m.ID] {
				notices++
			}
			seen[m.ID] = true
		}
	}
	if notices != w.notices {
		w.breaks("I2: %d notices of password writes, want %d", notices, w.notices)
	}
	told := make(map[int64]bool)
	first := make(map[int64]bool)
	for _, t := range w.told {
		told[t.Epoch] = true
		if t.Method == passwd.MethodFirst {
			first[t.Epoch] = true
		}
	}
	untold := 0
	for _, write := range w.writes {
		if write.Issue == nil {
			untold++
		}
	}
	if untold != len(first) {
		w.breaks("I2: %d writes without a notice, and %d of first passwords", untold, len(first))
	}
	if len(told) != len(w.writes) {
		w.breaks("I2: AfterWrite was told of %d writes, of %d", len(told), len(w.writes))
	}
	if w.changed > len(w.writes) {
		w.breaks("I10: %d events of writes, of %d", w.changed, len(w.writes))
	}
	if said := w.said(writing...); said > len(w.writes) {
		w.breaks("I10: %d calls have said that they wrote a password, and %d have", said, len(w.writes))
	}
}

// writing are the calls that write a password; enders those that end what was
// opened before.
var (
	writing = []string{"Change", "ChangeByLogin", "ChangeWithTicket", "Reset", "IssueTemporary", "SetFirst", "AcceptInvitation"}
	enders  = append([]string{"Revoke", "MarkCompromised", "CancelReset", "Forget"}, writing...)
)

// said counts the answers "ok" of some calls.
func (w *World) said(calls ...string) (n int) {
	for _, c := range w.callers {
		for _, a := range c.answers {
			if a.code == "ok" && slices.Contains(calls, a.call) {
				n++
			}
		}
	}
	return n
}

// deletedWell reports whether the account was forgotten after its row was deleted, or
// before it with nobody else about.
func (w *World) deletedWell() bool {
	for _, c := range w.callers {
		for _, a := range c.answers {
			if a.call == "Forget" && a.code == "ok" && (c.rowFirst || len(w.callers) == 1) {
				return true
			}
		}
	}
	return false
}

// checkHeir gives the id to another account: it inherits nothing.
func (w *World) checkHeir() {
	ctx := context.Background()
	if !w.deletedWell() {
		return
	}
	w.Store.Set(heir)
	if a, err := w.Store.Get(ctx, ref); err != nil || a.Must != "" {
		w.breaks("the heir of the id inherits %q", a.Must)
	}
	for _, c := range w.callers {
		for _, a := range c.answers {
			if _, err := w.replica.svc.Live(ctx, ref, a.in.Epoch); err == nil {
				w.breaks("a sign-in to a deleted account opens the heir's")
			}
		}
	}
	for _, t := range w.tokens {
		if _, err := w.Store.Peek(ctx, t.TokenRef, w.Clock.Now()); err == nil {
			w.breaks("a %s token of a deleted account is live at its heir's", t.Purpose)
		}
	}
	if list, _ := w.Store.ListSessions(ctx, ref, w.Clock.Now()); len(list) > 0 {
		w.breaks("a session of a deleted account is live at its heir's")
	}
	if h, _ := w.Store.History(ctx, ref, 24); len(h) > 0 {
		w.breaks("the history of a deleted account is its heir's")
	}
}

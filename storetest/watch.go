package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
)

// view is everything that can be seen of some accounts and tokens.
type view struct {
	accounts  []passwd.Account
	histories [][]passwd.Hash
	tokens    []tokenView
}

type tokenView struct {
	record passwd.TokenRecord
	live   bool
}

// watch remembers a view in order to compare it with a later one.
type watch struct {
	c      *checker
	refs   []passwd.Ref
	tokens []passwd.TokenRef
	before view
}

// watch looks at accounts and tokens, whether these exist or not.
func (c *checker) watch(refs []passwd.Ref, tokens ...passwd.TokenRecord) *watch {
	w := &watch{c: c, refs: refs}
	for _, t := range tokens {
		w.tokens = append(w.tokens, t.TokenRef)
	}
	w.before = w.look()
	return w
}

func (w *watch) look() view {
	var v view
	for _, r := range w.refs {
		v.accounts = append(v.accounts, w.c.get(r))
		v.histories = append(v.histories, w.c.history(r, 100))
	}
	for _, ref := range w.tokens {
		t, err := w.c.store.Peek(w.c.ctx, ref, t0)
		if err != nil && !errors.Is(err, passwd.ErrTokenInvalid) {
			w.c.fatalf("Peek: %v", err)
		}
		v.tokens = append(v.tokens, tokenView{t, err == nil})
	}
	return v
}

// unchanged notes what differs from when the watch began.
func (w *watch) unchanged(after string) {
	now := w.look()
	for i, r := range w.refs {
		if d := w.c.accountDiff(now.accounts[i], w.before.accounts[i]); d != "" {
			w.c.errorf("%s: account %v has changed: %s", after, r, d)
		}
		if d := stateDiff(now.accounts[i], w.before.accounts[i]); d != "" {
			w.c.errorf("%s: account %v has changed: %s", after, r, d)
		}
		if !slices.Equal(now.histories[i], w.before.histories[i]) {
			w.c.errorf("%s: history of %v has changed from %d to %d entries, or in order",
				after, r, len(w.before.histories[i]), len(now.histories[i]))
		}
	}
	for i := range w.tokens {
		if d := tokenDiff(now.tokens[i].record, w.before.tokens[i].record); d != "" {
			w.c.errorf("%s: token %d has changed: %s", after, i, d)
		}
		if now.tokens[i].live != w.before.tokens[i].live {
			w.c.errorf("%s: token %d is live: %t, was %t", after, i, now.tokens[i].live, w.before.tokens[i].live)
		}
	}
}

// diff collects the names of fields that differ.
type diff []string

func (d *diff) field(name string, got, want any) {
	if got != want {
		*d = append(*d, fmt.Sprintf("%s is %q, want %q", name, fmt.Sprint(got), fmt.Sprint(want)))
	}
}

func (d *diff) time(name string, got, want time.Time) {
	if !got.Equal(want) {
		*d = append(*d, fmt.Sprintf("%s is %v, want %v", name, got, want))
	} else if got.Location() != time.UTC { // under TZ=UTC a local time reads the same, and is another value
		*d = append(*d, fmt.Sprintf("%s is not in UTC: %v", name, got))
	}
}

func (d diff) String() string { return strings.Join(d, "; ") }

// accountDiff compares what is the host's, as far as the store has it.
func (c *checker) accountDiff(got, want passwd.Account) string {
	got, want = c.without(got), c.without(want)
	var d diff
	d.field("Ref", got.Ref, want.Ref)
	d.field("Username", got.Username, want.Username)
	d.field("Email", got.Email, want.Email)
	d.field("Mobile", got.Mobile, want.Mobile)
	d.field("Personal", fmt.Sprint(got.Personal), fmt.Sprint(want.Personal))
	d.field("Locale", got.Locale, want.Locale)
	d.field("Address", fmt.Sprint(got.Address), fmt.Sprint(want.Address))
	d.field("Hash", string(got.Hash), string(want.Hash))
	d.field("Active", got.Active, want.Active)
	d.field("Disabled", got.Disabled, want.Disabled)
	d.field("NoPassword", got.NoPassword, want.NoPassword)
	return d.String()
}

// stateDiff compares what is the library's.
func stateDiff(got, want passwd.Account) string {
	var d diff
	d.field("Epoch", got.Epoch, want.Epoch)
	d.time("ChangedAt", got.ChangedAt, want.ChangedAt)
	d.field("Must", got.Must, want.Must)
	d.time("MustUntil", got.MustUntil, want.MustUntil)
	return d.String()
}

func tokenDiff(got, want passwd.TokenRecord) string {
	var d diff
	d.field("Purpose", got.Purpose, want.Purpose)
	d.field("Digest", got.Digest, want.Digest)
	d.field("Account", got.Account, want.Account)
	d.field("Epoch", got.Epoch, want.Epoch)
	d.field("Address", got.Address, want.Address)
	d.field("Requester", got.Requester, want.Requester)
	d.field("Verifier", got.Verifier, want.Verifier)
	d.field("Attempts", got.Attempts, want.Attempts)
	d.time("IssuedAt", got.IssuedAt, want.IssuedAt)
	d.time("ExpiresAt", got.ExpiresAt, want.ExpiresAt)
	d.time("SpentAt", got.SpentAt, want.SpentAt)
	return d.String()
}

func jobDiff(got, want passwd.Job) string {
	var d diff
	d.field("ID", got.ID, want.ID)
	d.field("Key", got.Key, want.Key)
	d.field("Sealed", string(got.Sealed), string(want.Sealed))
	d.field("Urgent", got.Urgent, want.Urgent)
	d.time("NotBefore", got.NotBefore, want.NotBefore)
	d.time("NotAfter", got.NotAfter, want.NotAfter)
	d.field("Attempts", got.Attempts, want.Attempts)
	return d.String()
}

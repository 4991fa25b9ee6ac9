package storetest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwpolicy"
)

// t0 is when cases begin. It lies a microsecond before Central Europe puts its
// clocks forward, which must not matter.
var t0 = time.Date(2026, 3, 29, 0, 59, 59, 999_999_000, time.UTC)

const (
	µs    = time.Microsecond
	crowd = 64 // goroutines of a race
)

// id returns the nth id that the store can have.
func (c *checker) id(n int) string {
	if c.ID != nil {
		return c.ID(n)
	}
	return strconv.Itoa(n)
}

// ref names the nth account of the tenant that most cases live in.
func (c *checker) ref(n int) passwd.Ref {
	r := passwd.Ref{Tenant: "north", ID: c.id(n)}
	if c.Lacks.Tenants {
		r.Tenant = ""
	}
	return r
}

// hash returns a hash as a store gets to see them; the label makes it another one.
func hash(label string) passwd.Hash {
	sum := sha256.Sum256([]byte("hash " + label))
	text := base64.RawStdEncoding.EncodeToString(sum[:])
	return passwd.Hash("$argon2id$v=19$m=19456,t=2,p=1$" + text[:22] + "$" + text)
}

// account returns the nth account with all that the store does not lack.
func (c *checker) account(n int) passwd.Account { return c.accountOf(c.ref(n), n) }

func (c *checker) accountOf(r passwd.Ref, n int) passwd.Account {
	a := passwd.Account{
		Ref:      r,
		Username: fmt.Sprintf("user%d", n),
		Email:    fmt.Sprintf("user%d@example.com", n),
		Mobile:   fmt.Sprintf("+4179%07d", n),
		Personal: []pwpolicy.Attribute{{Name: "first_name", Value: "Ada"}, {Name: "last_name", Value: fmt.Sprintf("Müller-%d", n)}},
		Locale:   "de-CH",
		Hash:     hash(fmt.Sprint("of ", r, n)),
		Active:   true,
	}
	a.Address = []passwd.Address{{Channel: passwd.EmailChannel, Value: a.Email}, {Channel: passwd.SMSChannel, Value: a.Mobile}}
	return c.without(a)
}

// without takes from the account what the store lacks.
func (c *checker) without(a passwd.Account) passwd.Account {
	if c.Lacks.Mobile {
		a.Mobile, a.Address = "", a.Address[:min(1, len(a.Address))]
	}
	if c.Lacks.Email {
		a.Email, a.Address = "", nil
	}
	if c.Lacks.Username {
		a.Username = ""
	}
	if c.Lacks.Personal {
		a.Personal = nil
	}
	if c.Lacks.Locale {
		a.Locale = ""
	}
	if c.Lacks.Address {
		a.Address = nil
	}
	return a
}

// seed writes accounts as the host does.
func (c *checker) seed(accounts ...passwd.Account) {
	if err := c.Seed(c.ctx, c.store, accounts...); err != nil {
		c.fatalf("Fixture.Seed: %v", err)
	}
}

// seeded seeds the nth account and returns it as the store has it.
func (c *checker) seeded(n int) passwd.Account {
	c.seed(c.account(n))
	return c.get(c.ref(n))
}

// pinned is seeded, with an epoch.
func (c *checker) pinned(n int) passwd.Account {
	a := c.seeded(n)
	c.apply(must(a, passwd.NoReason))
	return c.get(a.Ref)
}

// The plain writes, on an account as it was read.

// replace is the write of a new password.
func replace(a passwd.Account, label string) passwd.Write {
	return passwd.Write{Account: a.Ref, IfHash: a.Hash, IfEpoch: a.Epoch, IfMust: a.Must, NewHash: hash(label), History: 10, Now: t0}
}

// raise ends what was opened, and keeps the password.
func raise(a passwd.Account) passwd.Write {
	return passwd.Write{Account: a.Ref, IfHash: a.Hash, IfEpoch: a.Epoch, IfMust: a.Must, Raise: true, Must: a.Must, MustUntil: a.MustUntil, Now: t0}
}

// must is a write that changes nothing but the need for a change.
func must(a passwd.Account, reason passwd.Reason) passwd.Write {
	return passwd.Write{Account: a.Ref, IfHash: a.Hash, IfEpoch: a.Epoch, IfMust: a.Must, Must: reason, Now: t0}
}

// The calls that a case relies on: it ends if they fail.

func (c *checker) get(r passwd.Ref) passwd.Account {
	a, err := c.store.Get(c.ctx, r)
	if err != nil {
		c.fatalf("Get(%v): %v", r, err)
	}
	return a
}

func (c *checker) apply(w passwd.Write) int64 {
	epoch, err := c.store.Apply(c.ctx, w)
	if err != nil {
		c.fatalf("Apply: %v", err)
	}
	return epoch
}

func (c *checker) history(r passwd.Ref, n int) []passwd.Hash {
	hashes, err := c.store.History(c.ctx, r, n)
	if err != nil {
		c.fatalf("History(%v, %d): %v", r, n, err)
	}
	return hashes
}

func (c *checker) issue(tokens ...passwd.TokenRecord) {
	for _, t := range tokens {
		if err := c.store.Issue(c.ctx, t, 0, nil); err != nil {
			c.fatalf("Issue: %v", err)
		}
	}
}

// want notes a failure unless err is the target; nil wants success.
func (c *checker) want(what string, err, target error) {
	if target == nil && err != nil || target != nil && !errors.Is(err, target) {
		c.errorf("%s: got error %v, want %v", what, err, target)
	}
}

// wantLive notes a failure unless the token is live, or not, at a time.
func (c *checker) wantLive(what string, t passwd.TokenRecord, now time.Time, live bool) {
	_, err := c.store.Peek(c.ctx, t.TokenRef, now)
	if live {
		c.want(what+": Peek", err, nil)
	} else {
		c.want(what+": Peek", err, passwd.ErrTokenInvalid)
	}
}

// digest returns another digest each time.
func (c *checker) digest() passwd.Digest {
	c.serial++
	return sha256.Sum256([]byte("digest " + strconv.Itoa(c.serial)))
}

// token returns a record, not issued yet, that lives for an hour from t0.
func (c *checker) token(r passwd.Ref, p passwd.Purpose, epoch int64) passwd.TokenRecord {
	return passwd.TokenRecord{
		TokenRef:  passwd.TokenRef{Purpose: p, Digest: c.digest()},
		Account:   r,
		Epoch:     epoch,
		Address:   c.digest(),
		IssuedAt:  t0,
		ExpiresAt: t0.Add(time.Hour),
	}
}

// issued is token, issued.
func (c *checker) issued(r passwd.Ref, p passwd.Purpose, epoch int64) passwd.TokenRecord {
	t := c.token(r, p, epoch)
	c.issue(t)
	return t
}

// job returns a job with an id of version 7, each younger than the one before.
func (c *checker) job(key string, notBefore time.Time) passwd.Job {
	c.serial++
	var id [16]byte
	ms := uint64(t0.UnixMilli()) + uint64(c.serial)
	for i := range 6 {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	id[6], id[8], id[15] = 0x70, 0x80, byte(c.serial)
	x := hex.EncodeToString(id[:])
	return passwd.Job{
		ID:        x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:],
		Key:       key,
		Sealed:    []byte("\x00sealed\xff " + x),
		NotBefore: notBefore,
		NotAfter:  notBefore.Add(time.Hour),
	}
}

// rounds is how often a race is run.
func (c *checker) rounds() int {
	if c.Rounds > 0 {
		return c.Rounds
	}
	return 3
}

// parallel calls f from n goroutines at once and returns their errors by index.
// A panic counts as one.
func parallel(n int, f func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var done sync.WaitGroup
	for i := range n {
		done.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					errs[i] = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
				}
			}()
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	done.Wait()
	return errs
}

// winners returns the indices of those that succeeded. Every other error must be
// one of those allowed.
func (c *checker) winners(what string, errs []error, allowed ...error) []int {
	var won []int
	for i, err := range errs {
		if err == nil {
			won = append(won, i)
			continue
		}
		expected := false
		for _, a := range allowed {
			expected = expected || errors.Is(err, a)
		}
		if !expected {
			c.errorf("%s: caller %d got error %v, want none or one of %v", what, i, err, allowed)
		}
	}
	return won
}

// oneWinner is winners for races that exactly one wins. It returns -1 if not.
func (c *checker) oneWinner(what string, errs []error, allowed ...error) int {
	won := c.winners(what, errs, allowed...)
	if len(won) != 1 {
		c.errorf("%s: %d of %d callers succeeded, want exactly 1", what, len(won), len(errs))
		return -1
	}
	return won[0]
}

package passwd_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdtest"
)

// T1: every token, whatever it is for, is 256 bits, none of which is ever the
// same, and none is given out twice.
func TestTokensAreRandom(t *testing.T) {
	const rounds = 64
	seen := map[passwd.Token]bool{}
	ones := map[string]*[256]int{}
	note := func(what string, token passwd.Token) {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(string(token))
		if err != nil || len(raw) != 32 || seen[token] {
			t.Fatalf("%s: %d bytes, %v, given out before: %t", what, len(raw), err, seen[token])
		}
		seen[token] = true
		if ones[what] == nil {
			ones[what] = new([256]int)
		}
		for i := range 256 {
			ones[what][i] += int(raw[i/8] >> (i % 8) & 1)
		}
	}
	kit := passwdtest.New(t, passwd.Config{Limits: manyRequests})
	for i := range rounds {
		name := fmt.Sprint("user", i)
		ref := kit.Add(t, passwd.Account{Username: name, Email: name + "@example.com"}, adaPassword)
		note("reset", resetToken(t, kit, name))
		request, _ := requestCode(t, kit, name)
		note("code", request)
		if err := kit.Service.RequireChange(ctx, passwd.RequireChange{Account: ref, Reason: passwd.Administrator}); err != nil {
			t.Fatal(err)
		}
		ticket, err := kit.Service.Ticket(ctx, mustSignIn(t, kit, name, adaPassword))
		if err != nil {
			t.Fatal(err)
		}
		note("ticket", ticket)
		if _, err := kit.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: ticket, New: newPassword}); err != nil {
			t.Fatal(err)
		}
		note("cancel", cancelToken(t, kit.Deliver(t)[0]))
	}
	if len(ones) != 4 {
		t.Fatalf("%d kinds of token", len(ones))
	}
	for what, bits := range ones {
		for i, n := range bits {
			if n == 0 || n == rounds { // once in 2^55
				t.Errorf("%s: bit %d is always the same", what, i)
			}
		}
	}
}

// T1: without randomness there is no token: the process ends. The test runs itself
// with a source that fails.
func TestNoTokenWithoutRandomness(t *testing.T) {
	const broken = "PASSWD_TEST_BROKEN_RANDOMNESS"
	if os.Getenv(broken) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestNoTokenWithoutRandomness$", "-test.v")
		cmd.Env = append(os.Environ(), broken+"=1")
		out, err := cmd.CombinedOutput()
		if _, ended := errors.AsType[*exec.ExitError](err); !ended || !strings.Contains(string(out), "crypto/rand") {
			t.Errorf("%v\n%s", err, out)
		}
		if !strings.Contains(string(out), "about to ask") || strings.Contains(string(out), "was answered") {
			t.Errorf("it went on:\n%s", out)
		}
		return
	}
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	if err := kit.Service.RequireChange(ctx, passwd.RequireChange{Account: ref, Reason: passwd.Administrator}); err != nil {
		t.Fatal(err)
	}
	in := mustSignIn(t, kit, "ada", adaPassword)
	rand.Reader = noRandomness{}
	t.Log("about to ask")
	ticket, err := kit.Service.Ticket(ctx, in)
	t.Log("was answered", len(ticket), err)
}

type noRandomness struct{}

func (noRandomness) Read([]byte) (int, error) { return 0, errors.New("no entropy") }

// told is everything that a store and a limiter are given, as text.
type told struct{ strings.Builder }

func (t *told) note(values ...any) {
	for _, v := range values {
		fmt.Fprintf(t, "%v %+v %#v %q\n", v, v, v, v)
	}
}

// toldStore is a memstore that writes down what it is given.
type toldStore struct {
	*memstore.Store
	*told
}

func (s toldStore) Apply(ctx context.Context, w passwd.Write) (int64, error) {
	s.note(w)
	if w.Consume != nil {
		s.note(*w.Consume)
	}
	if w.Issue != nil {
		s.note(*w.Issue)
	}
	for _, j := range w.Jobs {
		s.note(j, string(j.Sealed))
	}
	return s.Store.Apply(ctx, w)
}

func (s toldStore) Rehash(ctx context.Context, r passwd.Ref, old, next passwd.Hash) (bool, error) {
	s.note(r, old, next)
	return s.Store.Rehash(ctx, r, old, next)
}

func (s toldStore) Issue(ctx context.Context, rec passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
	s.note(rec)
	if consume != nil {
		s.note(*consume)
	}
	return s.Store.Issue(ctx, rec, maxLive, consume)
}

func (s toldStore) Peek(ctx context.Context, ref passwd.TokenRef, now time.Time) (passwd.TokenRecord, error) {
	s.note(ref)
	return s.Store.Peek(ctx, ref, now)
}

func (s toldStore) Attempt(ctx context.Context, ref passwd.TokenRef, max int, now time.Time) (passwd.TokenRecord, error) {
	s.note(ref)
	return s.Store.Attempt(ctx, ref, max, now)
}

func (s toldStore) Put(ctx context.Context, j passwd.Job) error {
	s.note(j, string(j.Sealed))
	return s.Store.Put(ctx, j)
}

// toldLimiter is a limiter that writes down its keys.
type toldLimiter struct {
	passwd.Limiter
	*told
}

func (l toldLimiter) Do(ctx context.Context, now time.Time, steps ...passwd.Step) ([]passwd.Taken, error) {
	for _, s := range steps {
		l.note(s.Key)
	}
	return l.Limiter.Do(ctx, now, steps...)
}

// T2: nothing that opens anything is given to the store, the queue or the limiter:
// no password, no token and no code, neither as they are sent nor as bytes.
func TestStoreIsGivenNoSecret(t *testing.T) {
	memory, told := memstore.New(), &told{}
	f := newFixture(t, passwd.Config{
		Store: toldStore{memory, told}, Limiter: toldLimiter{passwd.NewMemoryLimiter(0), told},
	}, memory)
	for _, flow := range flows {
		if err := flow.run(ctx, f); err != nil && passwd.CodeOf(err) == passwd.CodeUnavailable {
			t.Fatalf("%s: %v", flow.name, err)
		}
	}
	secrets := []string{adaPassword, newPassword, graceFirst, string(f.code)}
	for _, token := range []passwd.Token{f.reset, f.request, f.cancel, f.ticket} {
		raw, err := base64.RawURLEncoding.DecodeString(string(token))
		if err != nil || len(raw) != 32 {
			t.Fatalf("a token of %d bytes, %v", len(raw), err)
		}
		secrets = append(secrets, string(token), string(raw), fmt.Sprintf("%x", raw),
			strings.Trim(fmt.Sprint(raw), "[]"), strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", raw), "[]byte{"), "}"))
	}
	all := told.String()
	for i, secret := range secrets {
		if strings.Contains(all, secret) {
			t.Errorf("secret %d, %q…, is given away", i, secret[:4])
		}
	}
	// What is looked for would be found: the digests are there in the same forms.
	if !strings.Contains(all, "Verifier") || !strings.Contains(all, "Digest:[") || len(all) < 10_000 {
		t.Errorf("only %d bytes were written down", len(all))
	}
}

// T6: what is sent for one purpose is no password, and no password is a token.
func TestTokensSignNobodyIn(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	reset := resetToken(t, kit, "ada")
	request, code := requestCode(t, kit, "ada")
	for _, secret := range []string{string(reset), string(request), string(code)} {
		if _, err := signIn(kit, "ada", secret); err != passwd.ErrWrongCredentials {
			t.Errorf("sign-in: %v", err)
		}
		wantErr(t, change(kit, ref, secret, newPassword), passwd.ErrWrongPassword)
	}
	_, err := kit.Service.Reset(ctx, passwd.Reset{Token: adaPassword, New: newPassword})
	wantErr(t, err, passwd.ErrTokenInvalid)
	mustSignIn(t, kit, "ada", adaPassword)
}

// T7: a host that changes an e-mail address or a second factor calls Revoke, which
// ends every link and code that is out, whichever address it went to.
func TestRevokeEndsLinks(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	link := resetToken(t, kit, "ada@example.com")
	request, code := requestCode(t, kit, "15550000001")
	if _, err := kit.Service.Revoke(ctx, passwd.Revoke{Account: ref}); err != nil {
		t.Fatal(err)
	}
	_, err := kit.Service.Reset(ctx, passwd.Reset{Token: link, New: newPassword})
	wantErr(t, err, passwd.ErrTokenInvalid)
	_, err = kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: request, Code: code})
	wantErr(t, err, passwd.ErrTokenInvalid)
	mustSignIn(t, kit, "ada", adaPassword)
}

package passwd_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
	"golang.org/x/crypto/bcrypt"
)

func TestSignInByAnyLogin(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	digits := kit.Add(t, passwd.Account{Username: "4711"}, adaPassword)
	kit.Add(t, passwd.Account{Ref: passwd.Ref{Tenant: "other", ID: "1"}, Username: "ada"}, "the other tenant's ada")
	for _, c := range []struct {
		login passwd.Login
		want  passwd.Ref
	}{
		{login("ada"), ref},
		{login("  ADA "), ref},
		{login("ada@EXAMPLE.com"), ref},
		{login("15550000001"), ref},
		{login("4711"), digits}, // no such mobile number, so a username
		{passwd.Login{Kind: passwd.Email, Value: "ada@example.com"}, ref},
		{passwd.Login{Kind: passwd.Mobile, Value: "15550000001"}, ref},
	} {
		in, err := kit.Service.SignIn(ctx, passwd.SignIn{Login: c.login, Password: adaPassword, Client: home})
		if err != nil || in.Account != c.want || in.Epoch == 0 || in.Must != "" {
			t.Errorf("%+v: %+v, %v", c.login, in, err)
		}
	}
	for _, l := range []passwd.Login{
		{Kind: passwd.Username, Value: "ada@example.com"}, {Kind: passwd.Email, Value: "ada"}, {Kind: passwd.Mobile, Value: "4711"},
		{Tenant: "nowhere", Value: "ada"}, {Value: "Àda"}, {Value: "ada@example.com."}, {Value: "+15550000001"},
	} {
		_, err := kit.Service.SignIn(ctx, passwd.SignIn{Login: l, Password: adaPassword, Client: home})
		if !errors.Is(err, passwd.ErrWrongCredentials) {
			t.Errorf("%+v: %v", l, err)
		}
	}
}

// countingHasher counts verifications.
type countingHasher struct {
	passwdtest.Hasher
	verified *atomic.Int64
}

func (h countingHasher) Verify(ctx context.Context, stored passwd.Hash, password string) (pwhash.Verdict, error) {
	h.verified.Add(1)
	return h.Hasher.Verify(ctx, stored, password)
}

func TestWhateverIsWrongLooksTheSame(t *testing.T) { // I6, F3
	hasher := countingHasher{verified: new(atomic.Int64)}
	kit := passwdtest.New(t, passwd.Config{Hasher: hasher})
	kit.Add(t, ada(), adaPassword)
	kit.Add(t, passwd.Account{Username: "social"}, "")
	kit.Add(t, passwd.Account{Username: "closed", Disabled: true}, adaPassword)
	kit.Add(t, passwd.Account{Username: "twin1", Email: "twins@example.com"}, adaPassword)
	kit.Add(t, passwd.Account{Username: "twin2", Email: "twins@example.com"}, adaPassword)
	suspended := kit.Add(t, passwd.Account{Username: "suspended"}, adaPassword)
	if err := kit.Service.MarkCompromised(ctx, passwd.MarkCompromised{Account: suspended}); err != nil {
		t.Fatal(err)
	}
	unreadable := kit.Add(t, passwd.Account{Username: "unreadable"}, "")
	kit.Store.Update(unreadable, func(a *passwd.Account) { a.Hash = "!of some other system" })
	for _, c := range []struct{ name, login, password string }{
		{"hash that nobody can read", "unreadable", adaPassword},
		{"unknown", "nobody", adaPassword},
		{"wrong password", "ada", newPassword},
		{"prefix of the password", "ada", adaPassword[:len(adaPassword)-1]},
		{"longer than the password", "ada", adaPassword + "x"},
		{"empty password", "ada", ""},
		{"over-long password", "ada", strings.Repeat("x", 5000)},
		{"invalid UTF-8", "ada", "\xff\xfe"},
		{"no password yet", "social", adaPassword},
		{"empty for no password yet", "social", ""},
		{"closed", "closed", adaPassword},
		{"ambiguous", "twins@example.com", adaPassword},
		{"suspended, right password", "suspended", adaPassword},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := hasher.verified.Load()
			_, err := signIn(kit, c.login, c.password)
			if err != passwd.ErrWrongCredentials {
				t.Errorf("got %v", err)
			}
			if c.login == "unreadable" {
				before++ // the hasher found out at once that it cannot
			}
			if n := hasher.verified.Load() - before; n != 1 {
				t.Errorf("%d verifications, want 1", n)
			}
		})
	}
}

func TestOnlyTheRightPasswordTellsMore(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, passwd.Account{Username: "fresh"}, adaPassword)
	kit.Store.Update(ref, func(a *passwd.Account) { a.Active = false })
	_, err := signIn(kit, "fresh", newPassword)
	if err != passwd.ErrWrongCredentials {
		t.Errorf("wrong password: %v", err)
	}
	_, err = signIn(kit, "fresh", adaPassword)
	wantErr(t, err, passwd.ErrNotActivated)
	wantErr(t, err, passwd.ErrWrongCredentials)
	if got := passwd.CodeOf(err); got != passwd.CodeWrongCredentials {
		t.Errorf("code %s", got)
	}
}

func TestInvalidLogins(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	for _, l := range []passwd.Login{
		{}, {Value: "  "}, {Value: "a\x00b"}, {Value: "\xff"}, {Value: strings.Repeat("a", 513)}, {Kind: "shoe size", Value: "44"},
	} {
		_, err := kit.Service.SignIn(ctx, passwd.SignIn{Login: l, Password: adaPassword})
		wantErr(t, err, passwd.ErrInvalidRequest)
		wantErr(t, kit.Service.RequestReset(ctx, passwd.RequestReset{Login: l}), passwd.ErrInvalidRequest)
		_, err = kit.Service.RequestCode(ctx, passwd.RequestCode{Login: l})
		wantErr(t, err, passwd.ErrInvalidRequest)
	}
}

// stranger is a client at the n-th of many addresses.
func stranger(n int) passwd.Client {
	return passwd.Client{Addr: netip.AddrFrom4([4]byte{203, 0, byte(n >> 8), byte(n)})}
}

// guess tries a wrong password and waits first, if it must.
func guess(t *testing.T, kit *passwdtest.Kit, name string, c passwd.Client) {
	t.Helper()
	for {
		_, err := kit.Service.SignIn(ctx, passwd.SignIn{Login: login(name), Password: "wrong", Client: c})
		limited, ok := errors.AsType[*passwd.RateLimitError](err)
		if !ok {
			wantErr(t, err, passwd.ErrWrongCredentials)
			return
		}
		kit.Clock.Advance(limited.Wait)
	}
}

func TestSuccessClearsTheAccountNotTheAddress(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), adaPassword)
	for range 11 {
		for range 9 {
			_, err := signIn(kit, "ada", "wrong")
			wantErr(t, err, passwd.ErrWrongCredentials)
		}
		mustSignIn(t, kit, "ada", adaPassword)
	}
	// 99 failures of this address; successes were not counted.
	_, err := signIn(kit, "nobody", "wrong")
	wantErr(t, err, passwd.ErrWrongCredentials)
	_, err = signIn(kit, "nobody else", "wrong")
	wantErr(t, err, passwd.ErrRateLimited)
	_, err = kit.Service.SignIn(ctx, passwd.SignIn{Login: login("ada"), Password: adaPassword, Client: stranger(1)})
	if err != nil {
		t.Errorf("another address: %v", err)
	}
	kit.Clock.Advance(10 * time.Minute)
	mustSignIn(t, kit, "ada", adaPassword)
}

func TestAddressesCountByNetwork(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{Limits: passwd.Limits{Address: passwd.Limit{Free: 1, Window: time.Hour}}})
	try := func(addr string) error {
		c := passwd.Client{Addr: netip.MustParseAddr(addr)}
		_, err := kit.Service.SignIn(ctx, passwd.SignIn{Login: login("nobody " + addr), Password: "x", Client: c})
		return err
	}
	for _, c := range []struct {
		addr string
		want error
	}{
		{"2001:db8:1:2::1", passwd.ErrWrongCredentials},
		{"2001:db8:1:2:ffff::9", passwd.ErrRateLimited}, // the same /64
		{"2001:db8:1:3::1", passwd.ErrWrongCredentials},
		{"192.0.2.1", passwd.ErrWrongCredentials},
		{"::ffff:192.0.2.1", passwd.ErrRateLimited},
		{"192.0.2.2", passwd.ErrWrongCredentials},
	} {
		if err := try(c.addr); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.addr, err, c.want)
		}
	}
}

func TestHangingUpIsNotFree(t *testing.T) { // a cancelled guess stays counted
	gone, cancel := context.WithCancel(ctx)
	kit := passwdtest.New(t, passwd.Config{Hasher: cancelling{cancel: cancel}, Limits: passwd.Limits{SignIn: passwd.Limit{Free: 2, Wait: time.Hour, MaxWait: time.Hour}}})
	kit.Add(t, ada(), adaPassword)
	_, err := kit.Service.SignIn(gone, passwd.SignIn{Login: login("ada"), Password: "x", Client: home})
	wantErr(t, err, context.Canceled)
	guess(t, kit, "ada", home)
	_, err = kit.Service.SignIn(ctx, passwd.SignIn{Login: login("ada"), Password: "x", Client: home})
	wantErr(t, err, passwd.ErrRateLimited)
}

// cancelling is a hasher whose caller goes away during the first verification.
type cancelling struct {
	passwdtest.Hasher
	cancel context.CancelFunc
}

func (h cancelling) Verify(ctx context.Context, stored passwd.Hash, password string) (pwhash.Verdict, error) {
	h.cancel()
	if err := ctx.Err(); err != nil {
		return pwhash.Verdict{}, err
	}
	return h.Hasher.Verify(ctx, stored, password)
}

func TestAdmit(t *testing.T) { // L1, F5
	var why error
	kit := passwdtest.New(t, passwd.Config{Admit: func(_ context.Context, a passwd.Account, _ passwd.Client) error {
		if a.Username == "ada" {
			return why
		}
		return nil
	}})
	ref := kit.Add(t, ada(), adaPassword)
	why = fmt.Errorf("totp: %w", passwd.ErrSecondFactor)
	in, err := signIn(kit, "ada", adaPassword)
	wantErr(t, err, passwd.ErrSecondFactor)
	if in.Account != ref || in.Epoch == 0 {
		t.Errorf("the host cannot go on with %+v", in)
	}
	if n := len(kit.Events.Named(passwd.EventSignedIn)); n != 0 {
		t.Error("a sign-in was reported before the second factor")
	}
	kit.Service.Admitted(ctx, in, home)
	if e := kit.Events.Named(passwd.EventSignedIn); len(e) != 1 || e[0].Account != ref || e[0].Outcome != "success" || e[0].Client != home {
		t.Errorf("reported %+v", e)
	}
	_, err = signIn(kit, "ada", "wrong")
	wantErr(t, err, passwd.ErrWrongCredentials)
	_, err = kit.Service.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: login("ada"), Current: adaPassword, New: newPassword, Always: true})
	wantErr(t, err, passwd.ErrSecondFactor)
	if a := account(t, kit, ref); a.Epoch != in.Epoch {
		t.Error("something was written")
	}
}

func TestUpgradeOfAnotherHash(t *testing.T) { // H4
	old, err := bcrypt.GenerateFromPassword([]byte(adaPassword), 4)
	if err != nil {
		t.Fatal(err)
	}
	a := ada()
	a.Ref.ID, a.Hash, a.Active = "1", passwd.Hash(old), true
	store := memstore.New(a)
	kit := passwdtest.New(t, passwd.Config{Store: store, Hasher: pwhash.Argon2id{}})
	if _, err := signIn(kit, "ada", "wrong"); err != passwd.ErrWrongCredentials {
		t.Fatal(err)
	}
	if account(t, kit, a.Ref).Hash != passwd.Hash(old) {
		t.Fatal("a wrong password upgraded the hash")
	}
	in := mustSignIn(t, kit, "ada", adaPassword)
	upgraded := account(t, kit, a.Ref)
	if !strings.HasPrefix(string(upgraded.Hash), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Error("not upgraded")
	}
	if upgraded.Epoch != in.Epoch || !upgraded.ChangedAt.IsZero() {
		t.Error("an upgrade is no change")
	}
	mustSignIn(t, kit, "ada", adaPassword)
	if n := len(kit.Events.Named(passwd.EventRehashed)); n != 1 {
		t.Errorf("%d upgrades", n)
	}
}

func TestNormalisation(t *testing.T) { // P6
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	if _, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: adaPassword, New: "cafe\u0301 cre\u0300me glace\u0301e"}); err != nil {
		t.Fatal(err)
	}
	mustSignIn(t, kit, "ada", "caf\u00e9 cr\u00e8me glac\u00e9e")
	_, err := signIn(kit, "ada", "Caf\u00e9 cr\u00e8me glac\u00e9e")
	wantErr(t, err, passwd.ErrWrongCredentials) // P4: no folding
	_, err = signIn(kit, "ada", "caf\u00e9 cr\u00e8me glac\u00e9e ")
	wantErr(t, err, passwd.ErrWrongCredentials) // P4: no trimming
}

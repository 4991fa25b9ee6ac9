package passwd_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
)

const (
	adaPassword = "analytical engine 1843"
	newPassword = "difference engine 1822"
)

var (
	ctx  = context.Background()
	home = passwd.Client{Addr: netip.MustParseAddr("192.0.2.10"), UserAgent: "test", RequestID: "req-1"}
)

// ada is an ordinary account with an e-mail address and a mobile number.
func ada() passwd.Account {
	return passwd.Account{Username: "ada", Email: "Ada@example.com", Mobile: "15550000001", Locale: "en"}
}

func login(value string) passwd.Login { return passwd.Login{Value: value} }

// signIn signs in from home.
func signIn(kit *passwdtest.Kit, name, password string) (passwd.SignedIn, error) {
	return kit.Service.SignIn(ctx, passwd.SignIn{Login: login(name), Password: password, Client: home})
}

func mustSignIn(t *testing.T, kit *passwdtest.Kit, name, password string) passwd.SignedIn {
	t.Helper()
	in, err := signIn(kit, name, password)
	if err != nil {
		t.Fatalf("sign-in: %v", err)
	}
	return in
}

// wantErr fails the test unless err is want.
func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func wantViolation(t *testing.T, err error, code pwpolicy.Code) {
	t.Helper()
	rejected, ok := errors.AsType[*passwd.PolicyError](err)
	if !ok {
		t.Fatalf("got error %v, want a PolicyError with %q", err, code)
	}
	for _, v := range rejected.Violations {
		if v.Code == code {
			return
		}
	}
	t.Fatalf("got violations %v, want %q among them", rejected.Violations, code)
}

func account(t *testing.T, kit *passwdtest.Kit, r passwd.Ref) passwd.Account {
	t.Helper()
	a, err := kit.Store.Get(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// resetToken asks for a link and takes the token out of the message.
func resetToken(t *testing.T, kit *passwdtest.Kit, name string) passwd.Token {
	t.Helper()
	if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login(name), Client: home}); err != nil {
		t.Fatalf("request: %v", err)
	}
	messages := kit.Deliver(t)
	if len(messages) != 1 || messages[0].Kind != passwd.MessageResetLink {
		t.Fatalf("got %d messages, want one link", len(messages))
	}
	return messages[0].Token
}

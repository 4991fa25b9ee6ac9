package passwd_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwpolicy"
)

func TestResetByLink(t *testing.T) { // M1, T7
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	before := mustSignIn(t, kit, "ada", adaPassword)

	for _, name := range []string{"ada", " ADA@Example.com ", "15550000001"} {
		t.Run(name, func(t *testing.T) {
			token := resetToken(t, kit, name)
			if m := kit.Mail.All(); m[len(m)-1].To != "Ada@example.com" && m[len(m)-1].To != "15550000001" {
				t.Error("sent to what was typed, not to what is stored") // I9, CVE-2019-19844
			}
			if err := kit.Service.CheckReset(ctx, passwd.CheckReset{Token: token}); err != nil {
				t.Fatalf("check: %v", err)
			}
		})
	}

	token := kit.Mail.All()[0].Token
	w, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: newPassword, Client: home})
	if err != nil {
		t.Fatal(err)
	}
	if w.Account != ref || w.Method != passwd.MethodReset || w.Epoch != before.Epoch+1 {
		t.Errorf("written %+v, epoch before %d", w, before.Epoch)
	}
	_, err = signIn(kit, "ada", adaPassword)
	wantErr(t, err, passwd.ErrWrongCredentials)
	mustSignIn(t, kit, "ada", newPassword)

	// I5, T7: one use ends every link; I5: what the old password opened is over.
	for _, m := range kit.Mail.All()[:3] {
		_, err := kit.Service.Reset(ctx, passwd.Reset{Token: m.Token, New: "yet another password", Client: home})
		wantErr(t, err, passwd.ErrTokenInvalid)
	}
	_, err = kit.Service.Live(ctx, ref, before.Epoch)
	wantErr(t, err, passwd.ErrEnded)

	// M1: every confirmed address is told.
	notices := kit.Deliver(t)
	if len(notices) != 2 || notices[0].To != "Ada@example.com" || notices[1].To != "15550000001" {
		t.Fatalf("got %d notices: %+v", len(notices), notices)
	}
	for _, n := range notices {
		if n.Kind != passwd.MessagePasswordReset || n.Client.Addr != home.Addr || n.Token != "" || n.Code != "" {
			t.Errorf("notice %+v", n)
		}
	}
}

func TestResetLinkOrigin(t *testing.T) { // I9, W5: links come from the configuration
	kit := passwdtest.New(t, passwd.Config{Links: passwd.Links{Base: "https://id.example.org/account/pw/"}})
	kit.Add(t, ada(), adaPassword)
	err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), UserKey: true, Client: home})
	if err != nil {
		t.Fatal(err)
	}
	m := kit.Deliver(t)[0]
	u, err := url.Parse(m.Link)
	if err != nil {
		t.Fatal(err)
	}
	if got := u.Scheme + "://" + u.Host + u.Path; got != "https://id.example.org/account/pw/reset" {
		t.Errorf("link goes to %s", got)
	}
	if q := u.Query(); q.Get("token") != string(m.Token) || q.Get("user") != m.User || m.User == "" {
		t.Errorf("query %v", q)
	}
	if strings.Contains(m.Link, "ada") {
		t.Error("the link names the account")
	}
}

func TestRejectedPasswordBurnsNothing(t *testing.T) { // I4
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), adaPassword)
	token := resetToken(t, kit, "ada")
	for range 10 {
		_, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: "short", Client: home})
		wantViolation(t, err, pwpolicy.TooShort)
	}
	if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: newPassword, Client: home}); err != nil {
		t.Fatal(err)
	}
}

func TestResetTokenLifetime(t *testing.T) { // T3
	for _, c := range []struct {
		name    string
		request passwd.RequestReset
		lives   time.Duration
	}{
		{"default", passwd.RequestReset{Login: login("ada")}, time.Hour},
		{"chosen", passwd.RequestReset{Login: login("ada"), TTL: 24 * time.Hour}, 24 * time.Hour},
		{"by SMS", passwd.RequestReset{Login: login("ada"), Channel: passwd.SMSChannel}, 10 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			kit := passwdtest.New(t, passwd.Config{})
			kit.Add(t, ada(), adaPassword)
			if err := kit.Service.RequestReset(ctx, c.request); err != nil {
				t.Fatal(err)
			}
			m := kit.Deliver(t)[0]
			if !m.ExpiresAt.Equal(kit.Clock.Now().Add(c.lives)) {
				t.Errorf("message says %v", m.ExpiresAt)
			}
			kit.Clock.Advance(c.lives - time.Microsecond)
			if err := kit.Service.CheckReset(ctx, passwd.CheckReset{Token: m.Token}); err != nil {
				t.Errorf("just before: %v", err)
			}
			kit.Clock.Advance(time.Microsecond)
			wantErr(t, kit.Service.CheckReset(ctx, passwd.CheckReset{Token: m.Token}), passwd.ErrTokenInvalid)
		})
	}
	t.Run("over 24 hours", func(t *testing.T) {
		kit := passwdtest.New(t, passwd.Config{})
		err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), TTL: 24*time.Hour + 1})
		wantErr(t, err, passwd.ErrInvalidRequest)
	})
}

func TestUnknownAndUnfitAccountsGetNothing(t *testing.T) { // I6
	kit := passwdtest.New(t, passwd.Config{})
	closed := ada()
	closed.Username, closed.Email, closed.Mobile, closed.Disabled = "closed", "closed@example.com", "", true
	kit.Add(t, closed, adaPassword)
	for _, id := range []string{"twin1", "twin2"} {
		kit.Add(t, passwd.Account{Username: id, Email: "shared@example.com"}, adaPassword)
	}
	kit.Add(t, passwd.Account{Username: "nowhere"}, adaPassword)
	for _, name := range []string{"nobody", "nobody@example.com", "closed", "shared@example.com", "nowhere"} {
		if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login(name), Client: home}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if sent := kit.Deliver(t); len(sent) != 0 {
			t.Errorf("%s: sent %d messages", name, len(sent))
		}
	}
}

func TestTokenDiesWithItsAddress(t *testing.T) { // T7
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	token := resetToken(t, kit, "ada@example.com")
	kit.Store.Update(ref, func(a *passwd.Account) { a.Address = a.Address[1:] })
	_, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: newPassword})
	wantErr(t, err, passwd.ErrTokenInvalid)
}

func TestTokenOfAnotherHolder(t *testing.T) { // formats 2 and 4
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), adaPassword)
	kit.Add(t, passwd.Account{Username: "grace", Email: "grace@example.com"}, adaPassword)
	for _, name := range []string{"ada", "grace"} {
		err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login(name), UserKey: true, Client: home})
		if err != nil {
			t.Fatal(err)
		}
	}
	sent := kit.Deliver(t)
	adas, graces := sent[0], sent[1]
	for _, h := range []passwd.Holder{
		{UserKey: graces.User}, {UserKey: "x"}, {Login: login("grace@example.com")}, {Login: login("nobody")},
		{UserKey: adas.User, Login: login("grace")}, {Login: passwd.Login{Tenant: "other", Value: "ada"}},
	} {
		_, err := kit.Service.Reset(ctx, passwd.Reset{Token: adas.Token, For: h, New: newPassword})
		wantErr(t, err, passwd.ErrTokenInvalid)
	}
	h := passwd.Holder{UserKey: adas.User, Login: login("ada@example.com")}
	if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: adas.Token, For: h, New: newPassword}); err != nil {
		t.Fatalf("the right holder: %v", err)
	}
}

// A requester has three live links: the fourth ends their own oldest, and nobody
// else's.
func TestLiveLinksAreBounded(t *testing.T) { // R3, I11
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), adaPassword)
	owners := resetToken(t, kit, "ada")
	live := func(token passwd.Token) bool {
		return kit.Service.CheckReset(ctx, passwd.CheckReset{Token: token}) == nil
	}
	var tokens []passwd.Token
	for i := range 5 {
		kit.Clock.Advance(time.Second)
		if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), Client: stranger(1)}); err != nil {
			t.Fatal(err)
		}
		sent := kit.Deliver(t)
		if len(sent) != 1 {
			t.Fatalf("request %d: %d messages", i+1, len(sent))
		}
		tokens = append(tokens, sent[0].Token)
	}
	for i, token := range tokens {
		if live(token) != (i >= 2) {
			t.Errorf("link %d is live: %t", i+1, live(token))
		}
	}
	if !live(owners) {
		t.Error("a stranger's requests have ended the owner's link")
	}
}

func TestPendingRequestAbsorbsAnother(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), adaPassword)
	for range 5 {
		if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), Client: home}); err != nil {
			t.Fatal(err)
		}
	}
	if sent := kit.Deliver(t); len(sent) != 1 {
		t.Errorf("%d messages, want 1", len(sent))
	}
}

// requestCode asks for a code and takes it out of the message.
func requestCode(t *testing.T, kit *passwdtest.Kit, name string) (passwd.Token, passwd.OneTimeCode) {
	t.Helper()
	request, err := kit.Service.RequestCode(ctx, passwd.RequestCode{Login: login(name), Client: home})
	if err != nil {
		t.Fatal(err)
	}
	sent := kit.Deliver(t)
	if len(sent) != 1 || sent[0].Kind != passwd.MessageResetCode || len(sent[0].Code) != 8 {
		t.Fatalf("got %d messages, want one code", len(sent))
	}
	return request, sent[0].Code
}

func otherCode(c passwd.OneTimeCode) passwd.OneTimeCode {
	b := []byte(string(c))
	b[0] = '0' + (b[0]-'0'+1)%10
	return passwd.OneTimeCode(b)
}

func TestResetByCode(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), adaPassword)
	request, code := requestCode(t, kit, "15550000001")
	if m := kit.Mail.All()[0]; m.Channel != passwd.SMSChannel || m.To != "15550000001" {
		t.Errorf("sent by %s to %s", m.Channel, m.To)
	}
	typed := passwd.OneTimeCode(string(code[:4]) + " " + string(code[4:]))
	token, err := kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: request, Code: typed, Client: home})
	if err != nil {
		t.Fatal(err)
	}
	_, err = kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: request, Code: code, Client: home})
	wantErr(t, err, passwd.ErrTokenInvalid)
	if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: newPassword, Client: home}); err != nil {
		t.Fatal(err)
	}
	mustSignIn(t, kit, "ada", newPassword)
}

func TestCodeIsBoundToItsRequest(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), adaPassword)
	request1, code1 := requestCode(t, kit, "ada")
	request2, code2 := requestCode(t, kit, "ada")
	if code1 == code2 {
		t.Skip("one chance in a hundred million")
	}
	_, err := kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: request1, Code: code2, Client: home})
	wantErr(t, err, passwd.ErrTokenInvalid)
	if _, err := kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: request2, Code: code2, Client: home}); err != nil {
		t.Fatal(err)
	}
	_, err = kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: "unknown", Code: code1, Client: home})
	wantErr(t, err, passwd.ErrTokenInvalid)
}

func TestCodeAttempts(t *testing.T) { // T5
	for _, c := range []struct {
		wrong int
		want  error
	}{{4, nil}, {5, passwd.ErrTokenInvalid}} {
		kit := passwdtest.New(t, passwd.Config{})
		kit.Add(t, ada(), adaPassword)
		request, code := requestCode(t, kit, "ada")
		for range c.wrong {
			_, err := kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: request, Code: otherCode(code), Client: home})
			wantErr(t, err, passwd.ErrTokenInvalid)
		}
		_, err := kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: request, Code: code, Client: home})
		if !errors.Is(err, c.want) {
			t.Errorf("right code after %d wrong ones: %v, want %v", c.wrong, err, c.want)
		}
	}
}

// cancelToken takes the token out of a notice's "this was not me" link.
func cancelToken(t *testing.T, m passwd.Message) passwd.Token {
	t.Helper()
	u, err := url.Parse(m.Link)
	if err != nil || !strings.HasSuffix(u.Path, "/cancel") {
		t.Fatalf("no cancel link in %+v", m)
	}
	return passwd.Token(u.Query().Get("token"))
}

func TestThisWasNotMe(t *testing.T) { // the thief knows the password and changes it twice
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	own := mustSignIn(t, kit, "ada", adaPassword)
	if _, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: adaPassword, New: "first one of the thief"}); err != nil {
		t.Fatal(err)
	}
	if _, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: "first one of the thief", New: "second one of the thief"}); err != nil {
		t.Fatal(err)
	}
	thief := mustSignIn(t, kit, "ada", "second one of the thief")
	notices := kit.Deliver(t)
	if len(notices) != 4 {
		t.Fatalf("%d notices, want 2 changes × 2 addresses", len(notices))
	}
	first := cancelToken(t, notices[0])
	if err := kit.Service.CancelReset(ctx, passwd.CancelReset{Token: first, Client: home}); err != nil {
		t.Fatalf("cancel by the first notice: %v", err)
	}
	for _, in := range []passwd.SignedIn{own, thief} {
		_, err := kit.Service.Live(ctx, ref, in.Epoch)
		wantErr(t, err, passwd.ErrEnded)
	}
	for _, password := range []string{adaPassword, "first one of the thief", "second one of the thief"} {
		_, err := signIn(kit, "ada", password)
		wantErr(t, err, passwd.ErrWrongCredentials)
	}
	for _, m := range notices {
		wantErr(t, kit.Service.CancelReset(ctx, passwd.CancelReset{Token: cancelToken(t, m)}), passwd.ErrTokenInvalid)
	}
	if sent := kit.Deliver(t); len(sent) != 2 || sent[0].Kind != passwd.MessageSuspended {
		t.Errorf("got %+v, want two notices of the suspension", sent)
	}

	token := resetToken(t, kit, "ada")
	_, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: "second one of the thief"})
	wantViolation(t, err, pwpolicy.Reused) // the leaked password must not come back
	if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: newPassword}); err != nil {
		t.Fatal(err)
	}
	if in := mustSignIn(t, kit, "ada", newPassword); in.Must != passwd.NoReason {
		t.Errorf("still must change: %s", in.Must)
	}
}

func TestCompletedResetVoidsCancelLinks(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	if _, err := kit.Service.Change(ctx, passwd.Change{Account: ref, Current: adaPassword, New: newPassword}); err != nil {
		t.Fatal(err)
	}
	change := cancelToken(t, kit.Deliver(t)[0])
	token := resetToken(t, kit, "ada")
	if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: "third password of ada"}); err != nil {
		t.Fatal(err)
	}
	wantErr(t, kit.Service.CancelReset(ctx, passwd.CancelReset{Token: change}), passwd.ErrTokenInvalid)
	reset := cancelToken(t, kit.Deliver(t)[0])
	if err := kit.Service.CancelReset(ctx, passwd.CancelReset{Token: reset}); err != nil {
		t.Errorf("the link in the reset's own notice: %v", err)
	}
}

func TestTokensHaveOnePurpose(t *testing.T) { // T6
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	if err := kit.Service.RequireChange(ctx, passwd.RequireChange{Account: ref, Reason: passwd.Administrator}); err != nil {
		t.Fatal(err)
	}
	ticket, err := kit.Service.Ticket(ctx, mustSignIn(t, kit, "ada", adaPassword))
	if err != nil {
		t.Fatal(err)
	}
	reset := resetToken(t, kit, "ada")
	request, _ := requestCode(t, kit, "ada")
	for _, token := range []passwd.Token{ticket, request, "", "x", passwd.Token(strings.Repeat("A", 43))} {
		_, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: newPassword})
		wantErr(t, err, passwd.ErrTokenInvalid)
	}
	for _, token := range []passwd.Token{reset, request} {
		_, err := kit.Service.ChangeWithTicket(ctx, passwd.ChangeWithTicket{Ticket: token, New: newPassword})
		wantErr(t, err, passwd.ErrTokenInvalid)
		wantErr(t, kit.Service.CancelReset(ctx, passwd.CancelReset{Token: token}), passwd.ErrTokenInvalid)
	}
}

func TestKeyRotation(t *testing.T) {
	old := passwd.RandomKeys()
	kit := passwdtest.New(t, passwd.Config{Keys: old})
	kit.Add(t, ada(), adaPassword)
	sent := resetToken(t, kit, "ada")
	request, code := requestCode(t, kit, "ada")
	if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada")}); err != nil {
		t.Fatal(err)
	}

	fresh := passwd.RandomKeys()
	fresh.Previous = [][]byte{old.Current}
	rotated := passwdtest.New(t, passwd.Config{Keys: fresh, Store: kit.Store})
	waiting := rotated.Mail.All() // New has delivered what waited
	if len(waiting) != 1 {
		t.Fatalf("%d messages, want the one that waited", len(waiting))
	}
	if _, err := rotated.Service.RedeemCode(ctx, passwd.RedeemCode{Request: request, Code: code}); err != nil {
		t.Errorf("code from before: %v", err)
	}
	for _, token := range []passwd.Token{sent, waiting[0].Token} {
		if err := rotated.Service.CheckReset(ctx, passwd.CheckReset{Token: token}); err != nil {
			t.Errorf("token from before: %v", err)
		}
	}
	foreign := passwdtest.New(t, passwd.Config{Store: kit.Store})
	wantErr(t, foreign.Service.CheckReset(ctx, passwd.CheckReset{Token: sent}), passwd.ErrTokenInvalid)
}

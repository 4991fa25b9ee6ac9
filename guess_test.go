package passwd_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
)

// try signs in and names what comes of it: "in", "wrong", "wait" or the error.
func try(kit *passwdtest.Kit, name, password string, c passwd.Client) string {
	_, err := kit.Service.SignIn(ctx, passwd.SignIn{Login: login(name), Password: password, Client: c})
	switch {
	case err == nil:
		return "in"
	case errors.Is(err, passwd.ErrWrongCredentials):
		return "wrong"
	case errors.Is(err, passwd.ErrRateLimited):
		return "wait"
	}
	return err.Error()
}

// attack fails n times at an account, each time from another network and after the
// longest wait.
func attack(t *testing.T, kit *passwdtest.Kit, name string, n int) {
	t.Helper()
	for i := range n {
		kit.Clock.Advance(16 * time.Minute)
		if got := try(kit, name, "wrong", stranger(i)); got != "wrong" {
			t.Fatalf("failure %d: %s", i+1, got)
		}
	}
}

// The waits of a login grow from one network, whether it is somebody's or not.
func TestWaitsGrow(t *testing.T) { // R2, I6
	for _, name := range []string{"ada", "nobody"} {
		kit := passwdtest.New(t, passwd.Config{})
		kit.Add(t, ada(), adaPassword)
		for range 10 {
			if got := try(kit, name, "wrong", stranger(1)); got != "wrong" {
				t.Fatalf("%s: %s", name, got)
			}
		}
		for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
			_, err := kit.Service.SignIn(ctx, passwd.SignIn{Login: login(name), Password: adaPassword, Client: stranger(1)})
			limited, ok := errors.AsType[*passwd.RateLimitError](err)
			if !ok || limited.Wait != want*time.Second {
				t.Fatalf("%s: got %v, want a wait of %d s", name, err, want)
			}
			guess(t, kit, name, stranger(1))
		}
	}
}

// What is answered at any count is the same for a login that nobody has, ties no two
// logins of one account together, and does not tell whose network it is.
func TestThrottlingTellsNothing(t *testing.T) { // I6, R2
	answers := func(seen bool, logins ...string) (all []string) {
		kit := passwdtest.New(t, passwd.Config{})
		kit.Add(t, ada(), adaPassword)
		client := stranger(1)
		if seen {
			client = home
			mustSignIn(t, kit, "ada", adaPassword)
		}
		for range 12 {
			for _, name := range logins {
				all = append(all, try(kit, name, "wrong", client))
			}
		}
		return all
	}
	known := fmt.Sprint(answers(false, "ada", "ada@example.com", "+15550000009"))
	for what, got := range map[string]string{
		"nobody's logins":  fmt.Sprint(answers(false, "eve", "eve@example.com", "+15550000008")),
		"a known network":  fmt.Sprint(answers(true, "ada", "ada@example.com", "+15550000009")),
		"a mix of the two": fmt.Sprint(answers(false, "ada", "eve@example.com", "+15550000009")),
	} {
		if got != known {
			t.Errorf("%s:\n%s, of one account it is\n%s", what, got, known)
		}
	}
}

// Beyond 20 failures from all networks that are not known, the account waits, and
// nobody is told: even the right password is wrong meanwhile.
func TestAccountWaitsSilently(t *testing.T) { // R1, I6
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), adaPassword)
	for i := range 19 {
		if got := try(kit, []string{"ada", "ada@example.com", "15550000001"}[i%3], "wrong", stranger(i)); got != "wrong" {
			t.Fatalf("failure %d: %s", i+1, got)
		}
	}
	if got := try(kit, "ada", "wrong", stranger(20)); got != "wrong" {
		t.Fatal(got)
	}
	for i := range 50 { // inside the wait of a second nothing opens, and nothing is counted
		if got := try(kit, "ada", adaPassword, stranger(30+i)); got != "wrong" {
			t.Fatalf("inside the wait: %s", got)
		}
	}
	kit.Clock.Advance(time.Second)
	if got := try(kit, "ada", adaPassword, stranger(99)); got != "in" {
		t.Errorf("after the wait: %s", got)
	}
}

func TestStopAfterHundredFailures(t *testing.T) { // R1, R4, I11
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), adaPassword)
	mustSignIn(t, kit, "ada", adaPassword)
	attack(t, kit, "ada", 80)
	sent := kit.Deliver(t)
	if len(sent) != 2 || sent[0].Kind != passwd.MessageSignInStopped {
		t.Fatalf("after 80 failures the owner was told %+v", sent)
	}
	attack(t, kit, "ada", 5)
	kit.Clock.Advance(time.Hour)
	if got := try(kit, "ada", adaPassword, stranger(999)); got != "wrong" {
		t.Errorf("a stranger with the right password: %s", got)
	}
	if sent := kit.Deliver(t); len(sent) != 0 {
		t.Errorf("the owner was told again: %+v", sent)
	}
	mustSignIn(t, kit, "ada", adaPassword) // from home

	// The known side has 20 of its own: together 100.
	kit.Clock.Advance(time.Hour)
	for i := range 20 {
		if got := try(kit, "ada", "wrong", home); got == "wait" {
			t.Fatalf("failure %d: %s", i+1, got)
		}
		kit.Clock.Advance(16 * time.Minute)
	}
	if got := try(kit, "ada", adaPassword, home); got != "wrong" {
		t.Errorf("from home after 20 failures there: %s", got)
	}
	if sent := kit.Deliver(t); len(sent) != 2 {
		t.Errorf("the owner was told %d times of the known side", len(sent))
	}

	token := resetToken(t, kit, "ada")
	if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: newPassword, Client: home}); err != nil {
		t.Fatal(err)
	}
	mustSignIn(t, kit, "ada", newPassword)
	if got := try(kit, "ada", newPassword, stranger(999)); got != "in" {
		t.Errorf("elsewhere after the reset: %s", got)
	}
}

// An account that has never had an epoch gets no second count with its first one,
// whoever has it get one.
func TestAFirstEpochForgivesNothing(t *testing.T) { // R1
	for name, pin := range map[string]func(*passwdtest.Kit, passwd.Ref) error{
		"a link that a stranger asks for": func(kit *passwdtest.Kit, _ passwd.Ref) error {
			return kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), Client: stranger(500)})
		},
		"a revocation": func(kit *passwdtest.Kit, r passwd.Ref) error {
			_, err := kit.Service.Revoke(ctx, passwd.Revoke{Account: r})
			return err
		},
		"a change that somebody wants": func(kit *passwdtest.Kit, r passwd.Ref) error {
			return kit.Service.RequireChange(ctx, passwd.RequireChange{Account: r})
		},
	} {
		t.Run(name, func(t *testing.T) {
			kit := passwdtest.New(t, passwd.Config{})
			ref := kit.Add(t, ada(), adaPassword)
			attack(t, kit, "ada", 79)
			if a := account(t, kit, ref); a.Epoch != 0 {
				t.Fatalf("after failures alone its epoch is %d", a.Epoch)
			}
			if err := pin(kit, ref); err != nil {
				t.Fatal(err)
			}
			kit.Deliver(t)
			if a := account(t, kit, ref); a.Epoch == 0 {
				t.Fatal("it has no epoch")
			}
			attack(t, kit, "ada", 1)
			kit.Clock.Advance(time.Hour)
			if got := try(kit, "ada", adaPassword, stranger(999)); got != "wrong" {
				t.Errorf("the 81st guess, which is right: %s", got)
			}
			if sent := kit.Deliver(t); len(sent) != 2 || sent[0].Kind != passwd.MessageSignInStopped {
				t.Errorf("the owner was told %d times", len(sent))
			}
		})
	}
}

// The owner is told although the guesser hangs up, or the count jumps over the bound.
func TestStopNoticeIsNotLost(t *testing.T) { // R4
	kit := passwdtest.New(t, passwd.Config{Limits: passwd.Limits{StopAfter: 5, Account: passwd.Limit{Free: 100, Window: time.Hour}}})
	kit.Add(t, ada(), adaPassword)
	var wg sync.WaitGroup
	for i := range 8 { // all are counted before the first of them fails
		wg.Go(func() { try(kit, "ada", "wrong", stranger(i)) })
	}
	wg.Wait()
	if sent := kit.Deliver(t); len(sent) != 2 || sent[0].Kind != passwd.MessageSignInStopped {
		t.Errorf("the owner was told %d times", len(sent))
	}
}

// A device that has signed in lets its owner in from any network, whatever strangers
// do, and no stranger who guesses with a copy of it.
func TestKnownDevice(t *testing.T) { // R1
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	device := mustSignIn(t, kit, "ada", adaPassword).Device
	with := func(n int) passwd.Client {
		c := stranger(n)
		c.Device = device
		return c
	}
	attack(t, kit, "ada", 85)
	if got := try(kit, "ada", adaPassword, stranger(500)); got != "wrong" {
		t.Fatalf("without the device: %s", got)
	}
	if got := try(kit, "ada", adaPassword, with(501)); got != "in" {
		t.Errorf("with the device: %s", got)
	}
	kit.Add(t, passwd.Account{Ref: passwd.Ref{ID: "other"}, Username: "grace"}, adaPassword)
	attack(t, kit, "grace", 85)
	if got := try(kit, "grace", adaPassword, with(502)); got != "wrong" {
		t.Errorf("at another account: %s", got)
	}
	for i := range 10 {
		if got := try(kit, "ada", "wrong", with(600+i)); got != "wrong" {
			t.Fatalf("guess %d: %s", i, got)
		}
	}
	if got := try(kit, "ada", adaPassword, with(700)); got != "wrong" {
		t.Errorf("after ten guesses the device is still known: %s", got)
	}
	kit.Clock.Advance(33 * 24 * time.Hour)
	old := with(701)
	attack(t, kit, "ada", 85)
	if got := try(kit, "ada", adaPassword, old); got != "wrong" {
		t.Errorf("after a month: %s", got)
	}
	_ = ref
}

// A network is known for a month, and no longer.
func TestKnownNetwork(t *testing.T) { // R1
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), adaPassword)
	mustSignIn(t, kit, "ada", adaPassword)
	attack(t, kit, "ada", 85)
	mustSignIn(t, kit, "ada", adaPassword)
	kit.Clock.Advance(31 * 24 * time.Hour)
	if got := try(kit, "ada", adaPassword, home); got != "wrong" {
		t.Errorf("after a month: %s", got)
	}
}

// A right password is not refused because others sign in from the same network.
func TestManyBehindOneAddress(t *testing.T) { // R2
	kit := passwdtest.New(t, passwd.Config{HashWaiting: 1000})
	for i := range 150 {
		kit.Add(t, passwd.Account{Username: fmt.Sprint("user", i)}, adaPassword)
	}
	var wg sync.WaitGroup
	for i := range 150 {
		wg.Go(func() {
			if got := try(kit, fmt.Sprint("user", i), adaPassword, home); got != "in" {
				t.Errorf("user %d: %s", i, got)
			}
		})
	}
	wg.Wait()
}

// Wrong guesses by strangers at codes that they have asked for refuse nothing to the
// owner, whose code is right, and cost them the codes: they get links.
func TestStrangersAndCodes(t *testing.T) { // T5, I11
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), adaPassword)
	mustSignIn(t, kit, "ada", adaPassword)
	failed := 0
	for i := 0; failed < 100; i++ {
		request, err := kit.Service.RequestCode(ctx, passwd.RequestCode{Login: login("ada"), Client: stranger(i)})
		wantErr(t, err, nil)
		kit.Deliver(t)
		for range 5 {
			_, err := kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: request, Code: "00000000", Client: stranger(i)})
			wantErr(t, err, passwd.ErrTokenInvalid)
			failed++
		}
		kit.Clock.Advance(4 * time.Minute) // 20 messages an hour are not exceeded
	}
	if _, err := kit.Service.RequestCode(ctx, passwd.RequestCode{Login: login("ada"), Client: stranger(900)}); err != nil {
		t.Fatal(err)
	}
	sent := kit.Deliver(t)
	if len(sent) != 1 || sent[0].Kind != passwd.MessageResetLink || sent[0].Code != "" {
		t.Errorf("a stranger's next code: %+v", sent)
	}
	request, code := requestCode(t, kit, "ada") // from home
	if _, err := kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: request, Code: code, Client: home}); err != nil {
		t.Errorf("the owner's right code: %v", err)
	}
}

// Tries at a code that has had its five are no guesses: one code does not use up what
// strangers may fail, and with it the code of an owner whom nobody knows where they are.
func TestATriedOutCodeCountsNoMore(t *testing.T) { // T5, I11
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), adaPassword)
	ask := func(c passwd.Client) (passwd.Token, passwd.OneTimeCode) {
		request, err := kit.Service.RequestCode(ctx, passwd.RequestCode{Login: login("ada"), Client: c})
		wantErr(t, err, nil)
		sent := kit.Deliver(t)
		if len(sent) != 1 || sent[0].Code == "" {
			t.Fatalf("sent %+v, want a code", sent)
		}
		return request, sent[0].Code
	}
	request, code := ask(stranger(1)) // the owner, on the road
	flooded, _ := ask(stranger(2))
	for i := range 200 {
		_, err := kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: flooded, Code: "00000000", Client: stranger(2 + i%4)})
		wantErr(t, err, passwd.ErrTokenInvalid)
	}
	ask(stranger(3)) // still a code, not a link
	if _, err := kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: request, Code: code, Client: stranger(1)}); err != nil {
		t.Errorf("the owner's right code: %v", err)
	}
}

// The newest code of a requester takes the place of their older ones, and of nobody's
// else; a mail with a code has a link as well.
func TestCodesOfOneRequester(t *testing.T) { // T5, R3
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, ada(), adaPassword)
	ask := func(c passwd.Client) (passwd.Token, passwd.Message) {
		kit.Clock.Advance(time.Second)
		request, err := kit.Service.RequestCode(ctx, passwd.RequestCode{Login: login("ada"), Client: c})
		wantErr(t, err, nil)
		sent := kit.Deliver(t)
		if len(sent) != 1 {
			t.Fatalf("%d messages", len(sent))
		}
		return request, sent[0]
	}
	first, m1 := ask(home)
	second, m2 := ask(home)
	ask(stranger(1))
	if _, err := kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: first, Code: m1.Code, Client: home}); !errors.Is(err, passwd.ErrTokenInvalid) {
		t.Errorf("the older code: %v", err)
	}
	if _, err := kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: second, Code: m2.Code, Client: home}); err != nil {
		t.Errorf("the newer code: %v", err)
	}
	if err := kit.Service.CheckReset(ctx, passwd.CheckReset{Token: m2.Token}); err != nil {
		t.Errorf("the link beside the code: %v", err)
	}
}

// One account is sent so much and no more, whoever asks; what was sent stays good.
func TestBombingComesToAnEnd(t *testing.T) { // R3
	var dropped int
	kit := passwdtest.New(t, passwd.Config{Observer: passwd.ObserverFunc(func(_ context.Context, e passwd.Event) {
		if e.Reason == "account_quota" {
			dropped++
		}
	})})
	kit.Add(t, ada(), adaPassword)
	mustSignIn(t, kit, "ada", adaPassword)
	owners := resetToken(t, kit, "ada")
	sent := 0
	for i := range 24 * 30 {
		kit.Clock.Advance(2 * time.Minute)
		if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), Client: stranger(i)}); err != nil {
			t.Fatal(err)
		}
		sent += len(kit.Deliver(t))
		if i == 25 {
			if err := kit.Service.CheckReset(ctx, passwd.CheckReset{Token: owners}); err != nil {
				t.Errorf("the owner's link: %v", err)
			}
			resetToken(t, kit, "ada") // from home, where there is a quota of its own
		}
	}
	if sent != 60 || dropped != 24*30-60 {
		t.Errorf("%d messages to strangers' requests in a day, %d dropped; want 60", sent, dropped)
	}
	for i := range 11 {
		err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("nobody"), Client: stranger(5000)})
		if (err != nil) != (i == 10) || err != nil && !errors.Is(err, passwd.ErrRateLimited) {
			t.Errorf("request %d of one login and network: %v", i+1, err)
		}
	}
}

// A link is no oracle of the current password: after five refusals for being the same
// as before it is slow, and after twenty it is dead.
func TestReusedIsBounded(t *testing.T) { // I4, I8
	for name, mark := range map[string]func(*passwdtest.Kit, passwd.Ref) error{
		"suspended": func(kit *passwdtest.Kit, r passwd.Ref) error {
			return kit.Service.MarkCompromised(ctx, passwd.MarkCompromised{Account: r})
		},
		"to be changed": func(kit *passwdtest.Kit, r passwd.Ref) error {
			return kit.Service.RequireChange(ctx, passwd.RequireChange{Account: r})
		},
	} {
		t.Run(name, func(t *testing.T) { testReusedIsBounded(t, mark) })
	}
}

func testReusedIsBounded(t *testing.T, mark func(*passwdtest.Kit, passwd.Ref) error) {
	kit := passwdtest.New(t, passwd.Config{})
	ref := kit.Add(t, ada(), adaPassword)
	if err := mark(kit, ref); err != nil {
		t.Fatal(err)
	}
	kit.Deliver(t)
	if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), TTL: 24 * time.Hour, Client: home}); err != nil {
		t.Fatal(err)
	}
	token := kit.DeliverOne(t).Token
	reset := func() error {
		_, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: adaPassword, Client: home})
		return err
	}
	refused := 0
	for i := 0; i < 200; i++ {
		err := reset()
		if _, rejected := errors.AsType[*passwd.PolicyError](err); rejected {
			refused++
			continue
		}
		limited, ok := errors.AsType[*passwd.RateLimitError](err)
		if !ok {
			wantErr(t, err, passwd.ErrTokenInvalid)
			break
		}
		if refused%5 != 0 || refused == 0 {
			t.Fatalf("slow after %d refusals", refused)
		}
		kit.Clock.Advance(min(limited.Wait, 20*time.Minute))
	}
	if refused != 20 {
		t.Errorf("%d passwords were judged by the history, want 20", refused)
	}
}

// hooked calls f once, while a password is being judged.
type hooked struct {
	pwhash.Hasher
	f func()
}

func (h *hooked) Verify(ctx context.Context, stored pwhash.Hash, password string) (pwhash.Verdict, error) {
	if f := h.f; f != nil {
		h.f = nil
		f()
	}
	return h.Hasher.Verify(ctx, stored, password)
}

// Of guesses in flight at a stopped account, only those that were counted are taken
// back: else each pair would buy one more guess.
func TestStoppedInFlight(t *testing.T) { // R1
	h := &hooked{Hasher: passwdtest.Hasher{}}
	kit := passwdtest.New(t, passwd.Config{Hasher: h})
	kit.Add(t, ada(), adaPassword)
	for i := range 80 { // as fast as it can be done
		if i > 20 {
			kit.Clock.Advance(min(time.Second<<min(i-21, 20), 15*time.Minute))
		}
		if got := try(kit, "ada", "wrong", stranger(i)); got != "wrong" {
			t.Fatalf("failure %d: %s", i+1, got)
		}
	}
	for i := range 5 {
		kit.Clock.Advance(15 * time.Minute)
		h.f = func() {
			if got := try(kit, "ada", "wrong", stranger(200+i)); got != "wrong" {
				t.Errorf("in flight: %s", got)
			}
		}
		if got := try(kit, "ada", "wrong", stranger(100+i)); got != "wrong" {
			t.Errorf("while one is in flight: %s", got)
		}
		kit.Clock.Advance(16 * time.Minute)
		if got := try(kit, "ada", adaPassword, stranger(300+i)); got != "wrong" {
			t.Fatalf("guess %d after the stop: %s", i+1, got)
		}
	}
}

// A request that the queue has no room for costs nothing of a quota.
func TestFullQueueCostsNothing(t *testing.T) { // R3, I11
	kit := passwdtest.New(t, passwd.Config{Queue: &passwd.MemoryQueue{Max: 1}})
	kit.Add(t, ada(), adaPassword)
	ask := func() error {
		return kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), Client: stranger(1)})
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	for range 30 {
		wantErr(t, ask(), passwd.ErrQueueFull) // what it would have absorbed too (I6)
	}
	kit.Deliver(t)
	if err := ask(); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

package passwd_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

// What a form carries comes back as it was, for its purpose alone, also after a
// rotation; what somebody has changed or made up does not.
func TestSealForm(t *testing.T) { // I7
	old := bytes.Repeat([]byte{1}, 32)
	before := passwdtest.New(t, passwd.Config{Keys: passwd.Keys{Current: old}}).Service
	after := passwdtest.New(t, passwd.Config{Keys: passwd.Keys{Current: bytes.Repeat([]byte{2}, 32), Previous: [][]byte{old}}}).Service
	other := passwdtest.New(t, passwd.Config{}).Service
	sealed := before.SealForm("a", []byte("who it is"))
	if strings.ContainsAny(sealed, "+/= ") || strings.Contains(sealed, "who") || sealed == before.SealForm("a", []byte("who it is")) {
		t.Errorf("sealed as %q", sealed)
	}
	for _, s := range []*passwd.Service{before, after} {
		if plain, ok := s.OpenForm("a", sealed); !ok || string(plain) != "who it is" {
			t.Errorf("opened as %q, %t", plain, ok)
		}
	}
	for name, bad := range map[string]string{
		"nothing": "", "not base64": "!", "short": "AAAA", "changed": sealed[:len(sealed)-2] + "AA", "cut": sealed[:20],
	} {
		if _, ok := before.OpenForm("a", bad); ok {
			t.Errorf("%s: opened", name)
		}
	}
	if _, ok := before.OpenForm("b", sealed); ok {
		t.Error("opened for another purpose")
	}
	if _, ok := other.OpenForm("a", sealed); ok {
		t.Error("opened under other keys")
	}
}

func TestTokenAccount(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	ada := kit.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, adaPassword)
	if err := kit.Service.RequestReset(t.Context(), passwd.RequestReset{Login: passwd.Login{Value: "ada"}}); err != nil {
		t.Fatal(err)
	}
	token := kit.DeliverOne(t).Token
	whose := func(p passwd.Purpose, t0 passwd.Token) (passwd.Account, error) {
		return kit.Service.TokenAccount(t.Context(), p, t0, passwd.Client{})
	}
	for range 2 { // it spends nothing
		if a, err := whose(passwd.PurposeReset, token); err != nil || a.Ref != ada || a.Username != "ada" || a.Hash != "" {
			t.Errorf("%v %q, %v", a.Ref, a.Username, err)
		}
	}
	for _, p := range []passwd.Purpose{passwd.PurposeTicket, passwd.PurposeCancel} {
		if _, err := whose(p, token); !errors.Is(err, passwd.ErrTokenInvalid) {
			t.Errorf("%s: %v", p, err)
		}
	}
	if _, err := whose(passwd.PurposeCode, token); !errors.Is(err, passwd.ErrInvalidRequest) {
		t.Errorf("of a code: %v", err)
	}
	kit.Clock.Advance(2 * time.Hour)
	if _, err := whose(passwd.PurposeReset, token); !errors.Is(err, passwd.ErrTokenInvalid) {
		t.Errorf("expired: %v", err)
	}
}

func TestChangeMade(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{})
	ada := kit.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, adaPassword)
	in, err := kit.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: adaPassword})
	if err != nil {
		t.Fatal(err)
	}
	made := func(epoch int64, password string) bool {
		t.Helper()
		ok, err := kit.Service.ChangeMade(t.Context(), ada, epoch, password, passwd.Client{})
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if made(in.Epoch, adaPassword) {
		t.Error("made before anything was changed")
	}
	w, err := kit.Service.Change(t.Context(), passwd.Change{Account: ada, Current: adaPassword, New: newPassword})
	if err != nil {
		t.Fatal(err)
	}
	if !made(in.Epoch, newPassword) || made(in.Epoch, adaPassword) || made(w.Epoch, newPassword) {
		t.Error("the change is not told from others")
	}
	if ok, err := kit.Service.ChangeMade(t.Context(), passwd.Ref{ID: "nobody"}, 0, newPassword, passwd.Client{}); ok || err != nil {
		t.Errorf("of nobody: %t, %v", ok, err)
	}
	// It is no way to guess: it counts with the guesses at the current password.
	var limited *passwd.RateLimitError
	for range 12 {
		_, err = kit.Service.ChangeMade(t.Context(), ada, in.Epoch, "a guess", passwd.Client{})
	}
	if !errors.As(err, &limited) {
		t.Errorf("after many guesses: %v", err)
	}
	_, err = kit.Service.Change(t.Context(), passwd.Change{Account: ada, Current: newPassword, New: adaPassword})
	if !errors.As(err, &limited) {
		t.Errorf("a change after many guesses: %v", err)
	}
	kit.Clock.Advance(11 * time.Minute)
	if made(in.Epoch, newPassword) {
		t.Error("made, long after")
	}
}

// The count goes by the request, whether anybody was mailed a code for it or not.
func TestCodeTriesLeft(t *testing.T) { // I6, T5
	kit := passwdtest.New(t, passwd.Config{})
	kit.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, adaPassword)
	for _, login := range []string{"ada", "nobody"} {
		request, err := kit.Service.RequestCode(t.Context(), passwd.RequestCode{Login: passwd.Login{Value: login}})
		if err != nil {
			t.Fatal(err)
		}
		kit.Deliver(t)
		for _, want := range []int{4, 3, 2, 1, 0, 0} {
			_, err := kit.Service.RedeemCode(t.Context(), passwd.RedeemCode{Request: request, Code: "not a code"})
			wantErr(t, err, passwd.ErrTokenInvalid)
			if left, err := kit.Service.CodeTriesLeft(t.Context(), request); left != want || err != nil {
				t.Errorf("%s: %d left, want %d, %v", login, left, want, err)
			}
		}
	}
}

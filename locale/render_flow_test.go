package locale_test

import (
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

// TestRenderFlows puts into words what the service itself sends, over both channels.
func TestRenderFlows(t *testing.T) {
	ctx := t.Context()
	kit := passwdtest.New(t, passwd.Config{})
	ada := kit.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com", Mobile: "15550000001", Locale: "he"}, "Analytical-Engine-1843")
	kit.Add(t, passwd.Account{Username: "castor", Email: "twins@example.com", Locale: "en-GB"}, "Castor-and-Pollux-12")
	kit.Add(t, passwd.Account{Username: "pollux", Email: "twins@example.com"}, "Castor-and-Pollux-12")
	r := renderer(t, example)
	seen := map[passwd.MessageKind]int{}
	deliver := func() (last passwd.Message) {
		t.Helper()
		for _, m := range kit.Deliver(t) {
			mail := render(t, r, m)
			safe(t, m, mail)
			if strings.Contains(mail.Text+mail.HTML, "Engine") {
				t.Errorf("a password in\n%s", mail.Text)
			}
			seen[m.Kind]++
			last = m
		}
		return last
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	login := passwd.Login{Value: "ada"}

	must(kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login, Channel: passwd.SMSChannel}))
	deliver()
	must(kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login, UserKey: true}))
	deliver()
	_, err := kit.Service.RequestCode(ctx, passwd.RequestCode{Login: login, Channel: passwd.SMSChannel})
	must(err)
	deliver()
	_, err = kit.Service.Change(ctx, passwd.Change{Account: ada, Current: "Analytical-Engine-1843", New: "Difference-Engine-1822"})
	must(err)
	deliver()
	must(kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login}))
	link := deliver()
	_, err = kit.Service.Reset(ctx, passwd.Reset{Token: link.Token, New: "Tabulating-Engine-1890"})
	must(err)
	deliver()
	_, err = kit.Service.IssueTemporary(ctx, passwd.IssueTemporary{Account: ada})
	must(err)
	notice := deliver()
	_, token, _ := strings.Cut(notice.Link, "token=")
	err = kit.Service.CancelReset(ctx, passwd.CancelReset{Token: passwd.Token(token)})
	must(err)
	deliver()
	must(kit.Service.RequestReset(ctx, passwd.RequestReset{Login: passwd.Login{Value: "twins@example.com"}, TellShared: true}))
	deliver()
	joan := kit.Add(t, passwd.Account{Username: "joan", Email: "joan@example.com"}, "")
	must(kit.Service.Invite(ctx, joan, passwd.AnyChannel, passwd.Client{}))
	deliver()
	for kind, want := range map[passwd.MessageKind]int{
		passwd.MessageResetLink: 3, passwd.MessageResetCode: 1, passwd.MessagePasswordChanged: 2, passwd.MessagePasswordReset: 2,
		passwd.MessageTemporaryPassword: 2, passwd.MessageSuspended: 2, passwd.MessageSharedAddress: 1, passwd.MessageInvitation: 1,
	} {
		if seen[kind] != want {
			t.Errorf("%s: %d messages, want %d", kind, seen[kind], want)
		}
	}
}

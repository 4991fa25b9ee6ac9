package passwd_test

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

// rotated are two replicas on one store, in the middle of a key rotation: the second
// has the new key already, the first knows nothing of it.
func rotated(t *testing.T) (before, after *passwdtest.Kit) {
	t.Helper()
	old := passwd.RandomKeys()
	before = passwdtest.New(t, passwd.Config{Keys: old})
	before.Add(t, ada(), adaPassword)
	after = passwdtest.New(t, passwd.Config{
		Keys:  passwd.Keys{Current: passwd.RandomKeys().Current, Previous: [][]byte{old.Current}},
		Store: before.Store, Notify: before.Mail, Now: before.Clock.Now,
	})
	return before, after
}

// deliver has the replica with the new key deliver, and returns the last message.
func deliver(t *testing.T, before, after *passwdtest.Kit) passwd.Message {
	t.Helper()
	after.Deliver(t)
	sent := before.Mail.All()
	if len(sent) == 0 {
		t.Fatal("nothing was sent")
	}
	return sent[len(sent)-1]
}

// What was queued before a rotation and is delivered after it opens what it should, on
// replicas of both kinds: it grows under the key of the job.
func TestRotationBeforeDelivery(t *testing.T) {
	t.Run("link", func(t *testing.T) {
		before, after := rotated(t)
		if err := before.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), UserKey: true}); err != nil {
			t.Fatal(err)
		}
		link := deliver(t, before, after)
		check := passwd.CheckReset{Token: link.Token, For: passwd.Holder{UserKey: link.User}}
		for _, kit := range []*passwdtest.Kit{before, after} {
			if err := kit.Service.CheckReset(ctx, check); err != nil {
				t.Error(err)
			}
		}
		if _, err := after.Service.Reset(ctx, passwd.Reset{Token: link.Token, New: newPassword}); err != nil {
			t.Error(err)
		}
	})
	t.Run("code", func(t *testing.T) {
		before, after := rotated(t)
		request, err := before.Service.RequestCode(ctx, passwd.RequestCode{Login: login("ada")})
		if err != nil {
			t.Fatal(err)
		}
		redeemAndReset(t, after, request, deliver(t, before, after).Code)
	})
	t.Run("this was not me", func(t *testing.T) {
		before, after := rotated(t)
		r := passwd.ChangeByLogin{Login: login("ada"), Current: adaPassword, New: newPassword, Always: true}
		if _, err := before.Service.ChangeByLogin(ctx, r); err != nil {
			t.Fatal(err)
		}
		link, err := url.Parse(deliver(t, before, after).Link)
		if err != nil {
			t.Fatal(err)
		}
		if err := after.Service.CancelReset(ctx, passwd.CancelReset{Token: passwd.Token(link.Query().Get("token"))}); err != nil {
			t.Error(err)
		}
	})
	t.Run("tried again", func(t *testing.T) {
		before, after := rotated(t)
		before.Mail.Fail(errors.New("mail is down"))
		if err := before.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada")}); err != nil {
			t.Fatal(err)
		}
		before.Deliver(t)
		before.Mail.Fail(nil)
		before.Clock.Advance(time.Minute)
		link := deliver(t, before, after)
		if err := before.Service.CheckReset(ctx, passwd.CheckReset{Token: link.Token}); err != nil {
			t.Errorf("the token has changed: %v", err)
		}
	})
}

// A code that was sent before a rotation is as good as a link.
func TestRotationBeforeRedemption(t *testing.T) {
	before, after := rotated(t)
	request, err := before.Service.RequestCode(ctx, passwd.RequestCode{Login: login("ada")})
	if err != nil {
		t.Fatal(err)
	}
	redeemAndReset(t, after, request, before.DeliverOne(t).Code)
}

func redeemAndReset(t *testing.T, kit *passwdtest.Kit, request passwd.Token, code passwd.OneTimeCode) {
	t.Helper()
	token, err := kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: request, Code: code})
	if err != nil {
		t.Fatalf("redeem: %v", err)
	}
	if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: token, New: newPassword}); err != nil {
		t.Errorf("reset: %v", err)
	}
}

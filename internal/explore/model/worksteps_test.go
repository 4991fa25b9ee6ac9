package model_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/explore/model"
)

// work delivers what is due, by whichever keys.
func (w *world) work(t *rapid.T) {
	w.workWith(t, pick(w, t, "mail", []error{nil, nil, nil, errors.New("mail is down"), passwd.ErrUndeliverable}))
}

func (w *world) workWithoutMail(t *rapid.T) { w.workWith(t, errors.New("mail is down")) }

func (w *world) workWith(t *rapid.T, down error) {
	w.down = down
	s := w.service(t)
	w.log("%v", w.down)
	w.store.worked, w.sent, w.hooked = nil, map[string]passwd.Message{}, nil
	if _, err := s.Work(ctx); err != nil {
		w.t.Logf("%v", err)
		w.fail("an error")
	}
	for _, c := range w.store.worked {
		i := slices.IndexFunc(w.m.Jobs, func(j *model.Job) bool { return j.ID == c.id })
		if i < 0 || w.m.Jobs[i].Due.After(w.m.Now) {
			w.fail("a message is taken in hand that is not due")
		}
		if j := w.m.Jobs[i]; j.Hook {
			w.callHook(j, c)
		} else {
			w.deliver(j, c)
		}
	}
	w.hooked = nil
	if slices.ContainsFunc(w.m.Jobs, func(j *model.Job) bool { return !j.Due.After(w.m.Now) }) {
		w.fail("a message that is due is not taken in hand")
	}
}

func (w *world) deliver(j *model.Job, c claim) {
	sent, was := w.sent[j.ID]
	first := w.tried[j.ID]
	link, _ := url.Parse(sent.Link)
	inLink := link.Query().Get("token")
	want := w.m.Deliver(j, func() (string, string) { return inLink, string(sent.Code) })
	w.t.Logf("  %s to %s for %v", sent.Kind, sent.To, sent.Account)
	if was != (want != nil) {
		w.t.Logf("want %+v", want)
		w.fail("a message was sent that should not be, or the other way round")
	}
	if was {
		answers[w.step+": sent "+string(sent.Kind)]++
		w.touched = append(w.touched, sent.Account)
		got := model.Message{Kind: sent.Kind, To: passwd.Address{Channel: sent.Channel, Value: sent.To}, Account: sent.Account, Username: sent.Username,
			At: sent.At, Expires: sent.ExpiresAt, Page: strings.TrimPrefix(link.Path, "/account/password"), Client: sent.Client.Addr}
		if got != *want {
			w.t.Logf("got  %+v\nwant %+v", got, *want)
			w.fail("another message than the model's")
		}
		again := first.Kind == sent.Kind && first.Account == sent.Account
		if sent.Token != passwd.Token(inLink) && sent.Kind == passwd.MessageResetLink || again && (first.Link != sent.Link || first.Code != sent.Code) {
			w.fail("a message tried again has another token, or a link another than its message")
		}
		switch sent.Kind {
		case passwd.MessageResetLink:
			w.made(passwd.PurposeReset, inLink)
			w.users[sent.User], w.known = sent.Account, append(w.known, sent.User)
		case passwd.MessageResetCode:
			w.codes[w.m.CodeRequest(j)] = string(sent.Code)
			if inLink != "" {
				w.made(passwd.PurposeReset, inLink)
			}
		default:
			w.made(passwd.PurposeCancel, inLink)
		}
	}
	switch again := !c.retry.IsZero(); {
	case again && (want == nil || w.down == nil || errors.Is(w.down, passwd.ErrUndeliverable) || !c.retry.Before(j.NotAfter)):
		w.fail("a message is tried again that is done with")
	case again:
		j.Due = c.retry
	case want != nil && w.down != nil && !errors.Is(w.down, passwd.ErrUndeliverable) && w.m.Now.Add(10*time.Minute+time.Second).Before(j.NotAfter):
		w.fail("a message is lost")
	default:
		w.m.Done(j)
	}
}

// callHook takes in hand that the host is to be told of a password write.
func (w *world) callHook(j *model.Job, c claim) {
	told := func(x passwd.Written) bool { return x.At.Equal(j.At) && x.Account == j.Account }
	switch {
	case w.m.Now.Before(j.NotAfter) != slices.ContainsFunc(w.hooked, told):
		w.fail("the host was told or not, other than it should be")
	case w.m.Now.Before(j.NotAfter) && w.hookDown != nil && !c.retry.IsZero():
		j.Due = c.retry
	case !c.retry.IsZero() || w.m.Now.Before(j.NotAfter.Add(-10*time.Minute)) && w.hookDown != nil:
		w.fail("the host is told again, or not again, other than it should be")
	default:
		w.m.Done(j)
	}
}

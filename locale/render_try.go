package locale

import (
	"errors"
	"fmt"
	"html"
	"net/netip"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
)

// try renders every message once with all that it may have and once with the least,
// so that what a template does wrong is an error at the start and not in the queue.
func (r *Renderer) try() error {
	for _, p := range Printers() {
		for _, kind := range kinds {
			for _, channel := range []passwd.Channel{passwd.EmailChannel, passwd.SMSChannel} {
				full := sample(kind, channel, p.Language())
				least := full
				least.Username, least.Client = "", passwd.Client{}
				for _, m := range []passwd.Message{full, least} {
					mail, err := r.Render(m)
					if err == nil {
						err = complete(m, mail)
					}
					if err != nil {
						return fmt.Errorf("%s, %s, %s: %w", p.Language(), kind, channel, err)
					}
				}
			}
		}
	}
	return nil
}

// complete reports a message without what it is sent for. What notices leave out is
// the host's affair.
func complete(m passwd.Message, mail Mail) error {
	want := ""
	switch m.Kind {
	case passwd.MessageResetLink, passwd.MessageInvitation:
		want = m.Link
	case passwd.MessageResetCode:
		want = string(m.Code)
	}
	if mail.Text == "" || !strings.Contains(mail.Text, want) {
		return errors.New("the text does not have the link or code")
	}
	if m.Channel == passwd.SMSChannel {
		return nil
	}
	if mail.HTML == "" || !strings.Contains(html.UnescapeString(mail.HTML), want) {
		return errors.New("the HTML does not have the link or code")
	}
	if mail.Subject == "" {
		return errors.New("the subject is empty")
	}
	return nil
}

func sample(kind passwd.MessageKind, channel passwd.Channel, lang string) passwd.Message {
	at := time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC)
	m := passwd.Message{
		Kind: kind, Channel: channel, Locale: lang, Username: "x", At: at,
		Link:   "https://example.com/reset?token=x&user=y",
		Client: passwd.Client{Addr: netip.AddrFrom4([4]byte{192, 0, 2, 1}), UserAgent: "Firefox/1 Linux"},
	}
	switch kind {
	case passwd.MessageResetLink:
		m.Token, m.User = "x", "y"
		m.ExpiresAt = at.Add(time.Hour)
	case passwd.MessageResetCode:
		m.Code = "12345678"
		m.ExpiresAt = at.Add(time.Hour)
	case passwd.MessageInvitation:
		m.Token = "x"
		m.ExpiresAt = at.Add(24 * time.Hour)
	case passwd.MessageTemporaryPassword:
		m.ExpiresAt = at.Add(time.Hour)
	}
	return m
}

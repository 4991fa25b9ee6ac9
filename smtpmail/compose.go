package smtpmail

import (
	"fmt"
	"net/mail"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
	gomail "github.com/wneessen/go-mail"
)

// recipient reads an address of the store, which must be one address and no more
// than that. Its error does not repeat it.
func recipient(to string) (*mail.Address, error) {
	a, err := mail.ParseAddress(to)
	if err != nil || a.Name != "" || strings.ContainsAny(to, "<>,\r\n\x00") {
		return nil, fmt.Errorf("smtpmail: the account's address is not one: %w", passwd.ErrUndeliverable)
	}
	return a, nil
}

// compose puts a message into its envelope. The same message makes the same headers
// however often it is tried.
func (n *Notifier) compose(m passwd.Message, to *mail.Address, words locale.Mail) *gomail.Msg {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(n.from)
	msg.ToMailAddress(to)
	if n.reply != nil {
		msg.ReplyToMailAddress(n.reply)
	}
	msg.Subject(oneLine(words.Subject))
	_, domain, _ := strings.Cut(n.from.Address, "@")
	msg.SetMessageIDWithValue(oneLine(m.ID) + "@" + domain)
	msg.SetDateWithValue(m.At)
	// No machine answers it (RFC 3834 §5), Microsoft's included.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetBodyString(gomail.TypeTextPlain, words.Text)
	if words.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, words.HTML)
	}
	return msg
}

// oneLine keeps a header one header (M3).
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

package smtpmail

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"
	"golang.org/x/net/idna"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
)

// recipient reads an address of the store, which must be one address and no more
// than that. Its error does not repeat it.
func recipient(to string) (*mail.Address, error) {
	a, err := parseAddress(quoted(to))
	if err != nil || a.Name != "" || strings.ContainsAny(to, "<>,\r\n\x00") {
		return nil, fmt.Errorf("smtpmail: the account's address is invalid: %w", passwd.ErrUndeliverable)
	}
	return a, nil
}

// parseAddress reads one address. An internationalized domain becomes one of
// A-labels (RFC 5890): of servers, only those with SMTPUTF8 would take another.
func parseAddress(text string) (*mail.Address, error) {
	a, err := mail.ParseAddress(text)
	if err != nil {
		return nil, err
	}
	at := strings.LastIndexByte(a.Address, '@')
	domain, err := asciiDomain(a.Address[at+1:])
	if err != nil {
		return nil, err
	}
	a.Address = a.Address[:at+1] + domain
	return a, nil
}

// quoted puts a local part between quotes that RFC 5322 has no place for without
// them, since it has dots at an end or side by side: some telephone companies gave
// out such addresses, and people have them still.
func quoted(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address
	}
	local := address[:at]
	odd := strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..")
	if !odd || strings.ContainsAny(local, "\"\\ \t@()<>[]:;,") {
		return address
	}
	return `"` + local + `"` + address[at:]
}

// asciiDomain returns a domain in ASCII, and one that is already as it is.
func asciiDomain(domain string) (string, error) {
	for i := range len(domain) {
		if domain[i] >= utf8.RuneSelf {
			return idna.Lookup.ToASCII(domain)
		}
	}
	return domain, nil
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
	domain := n.from.Address[strings.LastIndexByte(n.from.Address, '@')+1:]
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

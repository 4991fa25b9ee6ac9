// 142 lines: one HTML page with every message in every language, as mail, as plain
// text and as SMS, to look at in a browser. go run ./examples/messages -o messages.html
package main

import (
	"flag"
	"fmt"
	"html/template"
	"io"
	"log"
	"net/netip"
	"os"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
)

var kinds = []passwd.MessageKind{
	passwd.MessageResetLink, passwd.MessageResetCode, passwd.MessagePasswordChanged, passwd.MessagePasswordReset,
	passwd.MessageTemporaryPassword, passwd.MessageSuspended, passwd.MessageSignInStopped, passwd.MessageSharedAddress,
	passwd.MessageInvitation,
}

// row is a message through both channels.
type row struct {
	Kind      passwd.MessageKind
	Mail, SMS locale.Mail
}

type section struct {
	Language string
	Rows     []row
}

var page = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>Messages</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; margin: 1rem; }
article { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem; margin-block: 1rem 3rem; }
h3 { margin: 0; font-weight: 600; }
iframe, pre { box-sizing: border-box; width: 100%; margin: 0; border: 1px solid #888; border-radius: .25rem; }
iframe { height: 100%; min-height: 39rem; }
pre { padding: 1rem; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; text-align: start; }
</style>
<nav>{{range .}}<a href="#{{.Language}}">{{.Language}}</a> {{end}}</nav>
{{range .}}<section id="{{.Language}}" lang="{{.Language}}"><h2>{{.Language}}</h2>
{{range .Rows}}<h3><code>{{.Kind}}</code> <bdi>{{.Mail.Subject}}</bdi></h3>
<article>
<iframe title="{{.Mail.Subject}}" srcdoc="{{.Mail.HTML}}"></iframe>
<pre>{{.Mail.Text}}</pre>
<pre>{{.SMS.Text}}</pre>
</article>
{{end}}</section>
{{end}}`))

func main() {
	file := flag.String("o", "", "the `file` to write, instead of standard output")
	only := flag.String("lang", "", "one `language` only")
	flag.Parse()
	out := os.Stdout
	if *file != "" {
		var err error
		if out, err = os.Create(*file); err != nil {
			log.Fatal(err)
		}
	}
	if err := write(out, *only); err != nil {
		log.Fatal(err)
	}
	if err := out.Close(); err != nil {
		log.Fatal(err)
	}
}

func write(w io.Writer, only string) error {
	messages, err := locale.NewRenderer(locale.RenderConfig{
		Name: "Example & Co", Contact: "help@example.com", Zone: time.FixedZone("", 2*60*60),
	})
	if err != nil {
		return err
	}
	var all []section
	for _, p := range locale.Printers() {
		if only != "" && only != p.Language() {
			continue
		}
		s := section{Language: p.Language()}
		for _, kind := range kinds {
			m := message(kind, p.Language())
			r := row{Kind: kind}
			if r.Mail, err = messages.Render(m); err != nil {
				return err
			}
			m.Channel = passwd.SMSChannel
			if kind == passwd.MessageResetLink {
				m.ExpiresAt = m.At.Add(10 * time.Minute)
			}
			if r.SMS, err = messages.Render(m); err != nil {
				return err
			}
			s.Rows = append(s.Rows, r)
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return fmt.Errorf("no language %q", only)
	}
	return page.Execute(w, all)
}

// message is one as package passwd makes it.
func message(kind passwd.MessageKind, language string) passwd.Message {
	at := time.Date(2026, time.March, 1, 9, 30, 0, 0, time.UTC)
	m := passwd.Message{
		Kind: kind, Channel: passwd.EmailChannel, Locale: language, Username: "ada", At: at,
		Link: "https://app.example.com/account/password/forgot",
		Client: passwd.Client{
			Addr:      netip.MustParseAddr("2001:db8::7"),
			UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
		},
	}
	switch kind {
	case passwd.MessageResetLink:
		m.Link = "https://app.example.com/account/password/reset?token=QW5hbHl0aWNhbCBFbmdpbmUgMTg0MyAtIG5vIHNlY3JldA"
		m.ExpiresAt = at.Add(time.Hour)
	case passwd.MessageResetCode:
		m.Code, m.ExpiresAt = "18431210", at.Add(10*time.Minute)
	case passwd.MessageTemporaryPassword:
		m.ExpiresAt = at.Add(24 * time.Hour)
		fallthrough
	case passwd.MessagePasswordChanged, passwd.MessagePasswordReset:
		m.Link = "https://app.example.com/account/password/cancel?token=QW5hbHl0aWNhbCBFbmdpbmUgMTg0MyAtIG5vIHNlY3JldA"
	case passwd.MessageInvitation:
		m.Link = "https://app.example.com/account/password/invite?token=QW5hbHl0aWNhbCBFbmdpbmUgMTg0MyAtIG5vIHNlY3JldA"
		m.ExpiresAt, m.Client = at.Add(24*time.Hour), passwd.Client{}
	case passwd.MessageSharedAddress:
		m.Username = "" // it names none of the accounts
	}
	return m
}

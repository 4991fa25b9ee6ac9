package main

import (
	"bytes"
	"context"
	"fmt"
	"html/template"
	"strings"

	"github.com/passwd-go/passwd"
)

// What is "sent": a row in place of a mail or an SMS. The id of a message is the
// same when its delivery is tried again, so it is never there twice.
const messagesTable = `
CREATE TABLE IF NOT EXISTS demo_messages (
	seq       INTEGER PRIMARY KEY AUTOINCREMENT,
	id        TEXT NOT NULL UNIQUE,
	recipient TEXT NOT NULL,
	channel   TEXT NOT NULL,
	kind      TEXT NOT NULL,
	locale    TEXT NOT NULL,
	subject   TEXT NOT NULL,
	text      TEXT NOT NULL,
	html      TEXT NOT NULL,
	link      TEXT NOT NULL,
	token     TEXT NOT NULL,
	user_key  TEXT NOT NULL,
	code      TEXT NOT NULL
)`

// mailbox is the app's notifier.
type mailbox struct{ db *database }

// mail is a message as /dev/messages shows it.
type mail struct {
	To      string `json:"to"`
	Channel string `json:"channel"`
	Kind    string `json:"kind"`
	Locale  string `json:"locale"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
	Link    string `json:"link"`
	Token   string `json:"token,omitempty"`
	User    string `json:"user,omitempty"`
	Code    string `json:"code,omitempty"`
}

// Notify implements passwd.Notifier.
func (b mailbox) Notify(ctx context.Context, m passwd.Message) error {
	text := compose(m)
	var markup string
	if m.Channel == passwd.EmailChannel {
		var err error
		if markup, err = text.html(); err != nil {
			return err
		}
	} else {
		text.subject = ""
	}
	_, err := b.db.ExecContext(ctx, `
		INSERT INTO demo_messages (id, recipient, channel, kind, locale, subject, text, html, link, token, user_key, code)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		m.ID, m.To, string(m.Channel), string(m.Kind), m.Locale, text.subject, text.plain(), markup, m.Link,
		string(m.Token), m.User, string(m.Code))
	return err
}

// all returns every message, oldest first.
func (b mailbox) all(ctx context.Context) ([]mail, error) {
	rows, err := b.db.QueryContext(ctx, `
		SELECT recipient, channel, kind, locale, subject, text, html, link, token, user_key, code
		FROM demo_messages ORDER BY seq`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []mail{}
	for rows.Next() {
		var m mail
		if err := rows.Scan(&m.To, &m.Channel, &m.Kind, &m.Locale, &m.Subject, &m.Text, &m.HTML, &m.Link, &m.Token, &m.User, &m.Code); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, rows.Err()
}

// letter is a message in words.
type letter struct {
	subject string
	lines   []string
	link    string
}

// stamp is how letters write a time.
const stamp = "2 January 2006 15:04 MST"

// compose puts a message into English.
func compose(m passwd.Message) letter {
	at := m.At.UTC().Format(stamp)
	if m.Client.Addr.IsValid() {
		at += " from " + m.Client.Addr.String()
	}
	until := m.ExpiresAt.UTC().Format(stamp)
	l := letter{link: m.Link}
	switch m.Kind {
	case passwd.MessageResetLink:
		l.subject = "Set a new password"
		l.lines = []string{
			fmt.Sprintf("Somebody asked for a new password for your account (%s).", at),
			fmt.Sprintf("If it was you, open this link before %s. If not, do nothing.", until),
		}
	case passwd.MessageResetCode:
		l.subject = "Your code"
		l.lines = []string{
			fmt.Sprintf("%s is your code for a new password, good until %s.", string(m.Code), until),
			"Nobody of ours will ask you for it. If you did not ask for it, do nothing.",
		}
	case passwd.MessagePasswordChanged:
		l.subject = "Your password was changed"
		l.lines = []string{fmt.Sprintf("The password of your account was changed (%s).", at), notYou}
	case passwd.MessagePasswordReset:
		l.subject = "Your password was reset"
		l.lines = []string{fmt.Sprintf("The password of your account was set anew by link or code (%s).", at), notYou}
	case passwd.MessageTemporaryPassword:
		l.subject = "A temporary password was issued"
		l.lines = []string{fmt.Sprintf("A temporary password was issued for your account (%s), good until %s.", at, until), notYou}
	case passwd.MessageSharedAddress:
		l.subject = "Several accounts have this address"
		l.lines = []string{"There is multiple users are registered with the specified E-Mail address.Please enter the username"}
	case passwd.MessageSuspended:
		l.subject = "Your password was suspended"
		l.lines = []string{
			fmt.Sprintf("The password of your account was suspended (%s), and all its sessions were ended.", at),
			"To use the account again, ask for a link to set a new password.",
		}
	case passwd.MessageSignInStopped:
		l.subject = "Sign-in to your account was stopped"
		l.lines = []string{
			fmt.Sprintf("There were too many wrong passwords in a row (%s). The account now refuses every password.", at),
			"To use it again, ask for a link to set a new password.",
		}
	}
	return l
}

const notYou = "If this was not you, open this link to suspend the password and end all sessions."

func (l letter) plain() string {
	return strings.Join(l.lines, "\n") + "\n\n" + l.link + "\n"
}

var letterPage = template.Must(template.New("letter").Parse(
	`{{range .Lines}}<p>{{.}}</p>
{{end}}<p><a href="{{.Link}}">{{.Link}}</a></p>
`))

func (l letter) html() (string, error) {
	var b bytes.Buffer
	err := letterPage.Execute(&b, struct {
		Lines []string
		Link  string
	}{l.lines, l.link})
	return b.String(), err
}

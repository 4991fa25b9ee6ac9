package main

import (
	"context"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/smtpmail"
)

// mailbox is the app's notifier: a row in place of a mail or an SMS, and with -smtp
// the mail as well. The id of a message is the same when its delivery is tried again,
// so it is never there twice.
type mailbox struct {
	db    *database
	words *locale.Renderer
	post  *smtpmail.Notifier // nil without -smtp
}

func newMailbox(db *database, server string) (mailbox, error) {
	b := mailbox{db: db}
	var err error
	if b.words, err = locale.NewRenderer(locale.RenderConfig{Name: "Demo", Contact: "help@example.com"}); err != nil || server == "" {
		return b, err
	}
	b.post, err = smtpmail.New(smtpmail.Config{Server: server, From: "Demo <no-reply@example.com>", Render: b.words.Render})
	return b, err
}

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
	words, err := b.words.Render(m)
	if err != nil {
		return err
	}
	if b.post != nil && m.Channel == passwd.EmailChannel {
		if err := b.post.Notify(ctx, m); err != nil {
			return err
		}
	}
	if m.Kind == passwd.MessageInvitation {
		m.Token = "" // is in the link alone, as in a notice's
	}
	return b.db.exec(ctx, `
		INSERT INTO demo_messages (id, recipient, channel, kind, locale, subject, text, html, link, token, user_key, code)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) `+b.db.once,
		m.ID, m.To, string(m.Channel), string(m.Kind), m.Locale, words.Subject, words.Text, words.HTML, m.Link,
		string(m.Token), m.User, string(m.Code))
}

// all returns every message, oldest first.
func (b mailbox) all(ctx context.Context) ([]mail, error) {
	rows, err := b.db.query(ctx, `
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
	return all, down(rows.Err())
}

package locale

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/passwd-go/passwd"
	"golang.org/x/text/language"
)

// Mail is a message in words, in UTF-8. Its recipient is Message.To; headers and MIME are
// up to the sender.
type Mail struct {
	Subject string // one line without control characters; "" of an SMS
	Text    string // plain text; lines end in \n, but not the last of an SMS
	HTML    string // a whole document, under 10 kB unless a host made it larger; "" of an SMS
}

// RenderConfig says how messages are put into words. The zero value is that of
// the function [Render].
type RenderConfig struct {
	// Name is what the site calls itself. If "", messages name the host of their
	// link. Control characters, and anything beyond 64 characters, are left out.
	Name string
	// Logo is the https URL of an image that HTML mails show in place of Name, 40 pixels
	// high. Mailboxes fetch it, or their owners disable that and see Name; whoever serves
	// it learns when a mail is opened. If "", nothing is fetched.
	Logo string
	// Accent is the colour of buttons, as "#rrggbb". If "", it is the blue of the pages
	// of package passwdhttp. The text on it is black or white, whichever can be read.
	Accent string
	// Contact is whom to turn to: an e-mail address, a URL or a telephone number.
	// Set it: notices must tell whom to contact (SP 800-63B-4 §4.6). If "", they
	// only tell what to do.
	Contact string
	// Language is that of messages to accounts that have none, or one without a
	// catalogue: a BCP 47 tag. If "", it is English.
	Language string
	// Zone is the time zone of times in messages, which always include the offset from UTC.
	// If nil, it is UTC.
	Zone *time.Location
	// Templates are the host's own, in place of the built-in ones. A file is named after
	// its purpose and format:
	//
	//	layout.html, layout.txt, layout.sms, layout.subject       every message
	//	reset_link.html, reset_link.txt, …                        messages of one kind
	//	de/layout.html, de/reset_link.html, de/reset_link.sms, …  only those in German
	//
	// Files ending in .html are read by html/template, the others by text/template; all
	// see a [View]. For a message the built-in file is parsed first, then as far as they
	// exist layout, the language's layout, the kind, the language's kind. A {{define}}
	// replaces a block; those of .html and .txt are "header", "title", "lead", "advice",
	// "action", "safety", "details", "help" and "footer", and "head" and "preview" of
	// .html. With a code, "action" comes before "advice" and "lead". A file that contains
	// more than definitions is the whole message, and may call the blocks with
	// {{template}}. An empty definition replaces nothing: to leave a block out, define it
	// as {{""}}.
	//
	// Every template is tried when the Renderer is made. A file with one of these
	// endings that no message would use is an error. If nil, there are none.
	Templates fs.FS
}

// Renderer puts messages into words. It is safe for concurrent use.
type Renderer struct {
	name, contact          string
	logo, accent, onAccent string
	language               string
	zone                   *time.Location
	parts                  map[slot]part
}

// NewRenderer returns a Renderer, or an error that names the field: a Language
// without a catalogue, a malformed Logo or Accent, Templates that do not parse, do not
// execute, or leave out the link or code that a message is sent for.
func NewRenderer(c RenderConfig) (*Renderer, error) {
	if c.Language != "" && !spoken(c.Language) {
		return nil, fmt.Errorf("locale: RenderConfig.Language: no catalogue for %q", c.Language)
	}
	r := &Renderer{
		name: clean(c.Name, maxName), contact: clean(c.Contact, maxContact),
		language: c.Language, zone: c.Zone,
	}
	if r.zone == nil {
		r.zone = time.UTC
	}
	var err error
	if r.logo, err = logo(c.Logo); err != nil {
		return nil, fmt.Errorf("locale: RenderConfig.Logo: %w", err)
	}
	if r.accent, r.onAccent, err = accentOf(c.Accent); err != nil {
		return nil, fmt.Errorf("locale: RenderConfig.Accent: %w", err)
	}
	if r.parts, err = parseTemplates(c.Templates); err != nil {
		return nil, fmt.Errorf("locale: RenderConfig.Templates: %w", err)
	}
	if c.Templates != nil {
		if err := r.try(); err != nil {
			return nil, fmt.Errorf("locale: RenderConfig.Templates: %w", err)
		}
	}
	return r, nil
}

func spoken(tag string) bool {
	tags := parse(tag)
	if len(tags) == 0 {
		return false
	}
	_, _, confidence := matcher().Match(tags...)
	return confidence != language.No
}

// plain holds the Renderer of the zero config once it has been used. It is not
// initialised with its package, so that a program that renders nothing has none of
// html/template linked into it: 3 MB.
var plain struct {
	once     sync.Once
	renderer *Renderer
	err      error
}

// Render puts a message into words with the zero RenderConfig. An app makes a [Renderer],
// to say its name and whom to contact.
func Render(m passwd.Message) (Mail, error) {
	plain.once.Do(func() { plain.renderer, plain.err = NewRenderer(RenderConfig{}) })
	if plain.err != nil {
		return Mail{}, plain.err
	}
	return plain.renderer.Render(m)
}

// Render puts a message into the language of its account. The same message always gives the
// same words. An SMS has only Text; that of a reset_code ends, whatever the template, with
// the line by which a browser recognizes it as the site's
// (https://wicg.github.io/sms-one-time-codes/). It fails for a message that package passwd
// does not make, with an unknown kind or without its link, or if a template fails; no error
// contains an address, link or code.
func (r *Renderer) Render(m passwd.Message) (Mail, error) {
	v, err := r.view(m)
	if err != nil {
		return Mail{}, fmt.Errorf("locale: message %q: %w", m.Kind, err)
	}
	mail, err := r.write(v)
	if err != nil {
		return Mail{}, fmt.Errorf("locale: message %q: %w", m.Kind, err)
	}
	return mail, nil
}

func (r *Renderer) write(v View) (Mail, error) {
	var mail Mail
	var b bytes.Buffer
	put := func(into *string, f string) error {
		b.Reset()
		if err := r.parts[slot{f, v.Language, v.Kind}].execute(&b, v); err != nil {
			return err
		}
		*into = strings.ReplaceAll(b.String(), "\r\n", "\n")
		return nil
	}
	if v.Channel == passwd.SMSChannel {
		err := put(&mail.Text, formatSMS)
		mail.Text = simpler(strings.TrimSpace(mail.Text))
		if v.Kind == passwd.MessageResetCode {
			mail.Text += "\n@" + v.Host + " #" + v.Code
		}
		return mail, err
	}
	err := errors.Join(put(&mail.Subject, formatSubject), put(&mail.Text, formatText), put(&mail.HTML, formatHTML))
	mail.Subject = clean(mail.Subject, maxSubject)
	mail.Text = paragraphs(mail.Text)
	return mail, err
}

// paragraphs leaves one empty line where a block that came to nothing left more.
func paragraphs(text string) string {
	if text = strings.TrimSpace(text); text == "" {
		return ""
	}
	lines := strings.Split(text, "\n")
	lines = slices.CompactFunc(lines, func(a, b string) bool { return strings.TrimSpace(a) == "" && strings.TrimSpace(b) == "" })
	return strings.Join(lines, "\n") + "\n"
}

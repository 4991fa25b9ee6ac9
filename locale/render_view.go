package locale

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/passwd-go/passwd"
)

// View is what a message template sees. The texts are in the message's language;
// values that a stranger may have chosen are cut and have no control or direction
// characters, but are not escaped.
type View struct {
	Kind      passwd.MessageKind
	Channel   passwd.Channel
	Account   passwd.Ref
	Language  string // as Printer.Language
	Direction string // "ltr" or "rtl"
	Notice    bool   // it reports something that happened, and was not asked for

	Name    string   // RenderConfig.Name, or Host
	Logo    string   // RenderConfig.Logo
	Title   string   // the heading; the subject is made of it and Name
	Preview string   // what a mailbox shows next to the subject: the code, or Lead
	Lead    string   // what happened, or was asked for
	Details []Detail // what is known: account, time, address, device, and for a temporary password how long it is valid
	Advice  string   // what to do, by following the link or with the code
	Action  string   // what the link is for, as a button says it; "" with a code
	Safety  string   // what to do if it was not you, or if it was
	Help    Detail   // whom to contact; zero if RenderConfig.Contact is empty
	HelpURL string   // opens what Help names; "" if that is neither address nor URL
	SMS     string   // the sentence of an SMS, for a link below it

	Link  string // an absolute URL, in ASCII; not used by templates with a code
	Host  string // of the link, without the port
	Code  string // of a reset_code, else ""
	Token string // of a reset_link or invitation, for an app's own links; else ""
	User  string // the user key that goes with Token

	Accent, OnAccent string // colours of a button and of its text, "#rrggbb"

	// What Details are made of; "" if unknown.
	Username string
	At       string
	Until    string // as At; when what is valid For so long expires
	For      string // "10 minutes"
	Address  string
	Device   string // "Firefox on Windows": see Detail
}

// Detail is one line of what is known. Label has its colon.
//
// Of a user agent, only the names of well-known browsers and systems are shown.
// The rest is up to whoever asks for a link, who could use it to write to others.
type Detail struct{ Label, Value string }

// The invisible characters that keep the direction of a value from the text
// around it (UAX #9).
const (
	isolate = "\u2068" // FIRST STRONG ISOLATE
	release = "\u2069" // POP DIRECTIONAL ISOLATE
)

// Isolate returns a value for a line of plain text with other words in it: where
// the language runs from right to left it is put between isolates.
func (v View) Isolate(s string) string {
	if v.Direction != "rtl" || s == "" {
		return s
	}
	return isolate + s + release
}

// How many characters of a value are shown.
const (
	maxName     = 64
	maxUsername = 64
	maxContact  = 200
	maxSubject  = 160
)

// view collects what is to be said, or reports what is missing.
func (r *Renderer) view(m passwd.Message) (View, error) {
	p := Match(m.Locale, r.language)
	w := p.words()
	l, known := w.Kinds[m.Kind]
	if !known {
		return View{}, errors.New("the kind is unknown")
	}
	host, err := check(m)
	if err != nil {
		return View{}, err
	}
	v := View{
		Kind: m.Kind, Channel: m.Channel, Account: m.Account, Language: p.Language(), Direction: p.Direction(),
		Notice: m.Kind != passwd.MessageResetLink && m.Kind != passwd.MessageResetCode && m.Kind != passwd.MessageSharedAddress && m.Kind != passwd.MessageInvitation,
		Name:   r.name, Logo: r.logo, Accent: r.accent, OnAccent: r.onAccent, Title: l.Title, Action: l.Action,
		Link: m.Link, Host: host, User: m.User,
		Username: clean(m.Username, maxUsername), At: w.date(m.At.In(r.zone)), Device: p.Device(m.Client.UserAgent),
	}
	if m.Kind == passwd.MessageResetCode {
		v.Code = string(m.Code)
	}
	if m.Kind == passwd.MessageResetLink || m.Kind == passwd.MessageInvitation {
		v.Token = string(m.Token)
	}
	if v.Name == "" {
		v.Name = host
	}
	if m.Client.Addr.IsValid() {
		v.Address = m.Client.Addr.WithZone("").Unmap().String()
	}
	if !m.ExpiresAt.IsZero() {
		v.Until, v.For = w.date(m.ExpiresAt.In(r.zone)), w.duration(v.Language, m.ExpiresAt.Sub(m.At))
	}
	if r.contact != "" {
		v.Help, v.HelpURL = Detail{w.Labels.Help, r.contact}, contactURL(r.contact)
	}
	told := []Detail{
		{w.Labels.Account, v.Username}, {w.Labels.Time, v.At}, {w.Labels.Address, v.Address}, {w.Labels.Device, v.Device},
	}
	if v.Notice { // of what was asked for, Advice says it
		told = append(told, Detail{w.Labels.Valid, v.For})
	}
	v.Details = slices.DeleteFunc(told, func(d Detail) bool { return d.Value == "" })
	values := strings.NewReplacer("{for}", v.For, "{code}", v.Code)
	v.Lead, v.Advice, v.Safety = values.Replace(l.Lead), values.Replace(l.Advice), values.Replace(l.Safety)
	v.Lead = cmp.Or(m.Text, v.Lead)
	v.Preview = cmp.Or(values.Replace(l.Preview), v.Lead)
	v.SMS = strings.NewReplacer(
		"{name}", v.Isolate(v.Name), "{at}", v.Isolate(short(m.At.In(r.zone))), "{for}", v.For, "{code}", v.Code,
	).Replace(l.SMS)
	return v, nil
}

// check returns the host of the link of a message that has all that it needs.
func check(m passwd.Message) (host string, err error) {
	switch {
	case m.Channel != passwd.EmailChannel && m.Channel != passwd.SMSChannel:
		return "", errors.New("the channel is neither e-mail nor SMS")
	case m.At.IsZero():
		return "", errors.New("it has no time")
	case m.ExpiresAt.IsZero() && (m.Kind == passwd.MessageResetLink || m.Kind == passwd.MessageResetCode || m.Kind == passwd.MessageInvitation):
		return "", errors.New("it has no expiry")
	case m.Kind == passwd.MessageResetCode && (m.Code == "" || strings.Trim(string(m.Code), "0123456789") != ""):
		return "", errors.New("its code is not all digits")
	}
	u, err := url.Parse(m.Link)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || strings.ContainsFunc(m.Link, notOfURL) {
		return "", errors.New("its link is not an absolute URL") // err would have it, and with it the token
	}
	host = u.Hostname()
	if strings.ContainsFunc(host, notOfHost) {
		return "", errors.New("the host of its link is invalid")
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host, nil
}

// notOfURL reports what RFC 3986 has no place for: it would end the link early in
// one mail program and not in the other.
func notOfURL(r rune) bool { return r <= ' ' || r >= 0x7F || strings.ContainsRune("\"<>\\^`{|}", r) }

// notOfHost reports what is in no host, in its Unicode form either. The URL may
// have it percent-encoded.
func notOfHost(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.M, unicode.Nd) && !strings.ContainsRune(".-_:", r)
}

func contactURL(contact string) string {
	if u, err := url.Parse(contact); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
		return u.String()
	}
	local, domain, found := strings.Cut(contact, "@")
	if !found || local == "" || domain == "" || strings.ContainsAny(contact, " ?&,;:") || strings.Contains(domain, "@") {
		return ""
	}
	return "mailto:" + url.PathEscape(local) + "@" + domain
}

// clean makes one line of a text: no control characters, nothing that changes the
// direction of what follows, and at most that many characters.
func clean(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r), r == '\uFEFF', r == '\u00AD':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:most-1])) + "…"
}

// short is a time as an SMS has it: the same in every language, and in few
// characters.
func short(t time.Time) string { return t.Format("2006-01-02 15:04 ") + zone(t) }

// zone names the offset of a time. The names of zones mean different ones to
// different people.
func zone(t time.Time) string {
	if _, offset := t.Zone(); offset == 0 {
		return "UTC"
	}
	return t.Format("UTC-07:00")
}

// Package smtpmail delivers the messages of package passwd by SMTP: a
// [passwd.Notifier] on top of github.com/wneessen/go-mail. It is a module of its
// own, so that hosts that send their mail in another way do not depend on it.
//
//	renderer, err := locale.NewRenderer(locale.RenderConfig{Name: "Example"})
//	…
//	mailer, err := smtpmail.New(smtpmail.Config{
//		Server:   "smtp://mail.example.com",
//		Username: "app", Password: secret,
//		From:     "Example <no-reply@example.com>",
//		Render:   renderer.Render,
//	})
//	…
//	svc, err := passwd.New(passwd.Config{Notify: mailer, …})
//
// # What holds
//
// Each message is one mail to one recipient, over a connection of its own. Unless the
// scheme of Config.Server says insecure, the connection is encrypted before anything but
// greetings is sent, and the server's certificate is checked.
//
// A message that is tried again has the same Message-ID and Date, so that a mailbox that
// already has it can tell. It is tried again after every failure but one: a server that
// says there is no such mailbox (550, 551 or 553 to the recipient, with the enhanced
// status 5.1.1, 5.1.2, 5.1.3, 5.1.6 or 5.1.10) is believed, and the error is
// [passwd.ErrUndeliverable]. So is the error for what cannot be sent at all: to an
// invalid address, or by a channel other than e-mail without Config.Other. Anything else
// may be due to a configuration that somebody will fix.
//
// Errors hold the step that failed and the server's codes, not its sentences, which tend
// to repeat the address.
package smtpmail

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
)

// Config is what a [Notifier] is made of. Server, From and Render are required.
type Config struct {
	// Server is the URL of the mail server that takes mail for everybody:
	//
	//	smtp://host:587            STARTTLS, without which nothing is sent
	//	smtps://host:465           TLS from the first byte
	//	insecure-smtp://host:25    no TLS: anyone on the network path can read the links and take over the accounts
	//
	// The port may be left out. User info is taken as Username and Password if Username
	// is empty, its password only if Password is empty as well.
	Server string
	// Username and Password are for SCRAM-SHA-256, PLAIN or LOGIN, the first of these
	// that the server offers. If Username is "", there is no authentication.
	Username, Password string

	// From is the sender, as "Example <no-reply@example.com>" (RFC 5322 §3.4). Here, in
	// ReplyTo, Server and the addresses of accounts an internationalized domain is sent
	// with A-labels (RFC 5890).
	From string
	// ReplyTo is where answers go. If "", to From.
	ReplyTo string

	// Render puts a message into words: the method of a locale.Renderer, or the
	// host's own. It is called once for each delivery.
	Render func(passwd.Message) (locale.Mail, error)

	// Other delivers what is not for e-mail, such as SMS. If nil, such messages are
	// passwd.ErrUndeliverable.
	Other passwd.Notifier

	// Timeout bounds the connection, and the mail again. If 0, 10 s; the context given
	// to Notify may allow less.
	Timeout time.Duration
	// Hello is the name sent in the greeting (EHLO). If "", that of the machine, or
	// "localhost" if it has none.
	Hello string
	// TLS is for servers with a certificate of a private authority. Its ServerName,
	// if empty, is the host of Server. If nil, the system's authorities, and TLS 1.2
	// or newer.
	TLS *tls.Config
}

// Notifier delivers messages. It holds no connection between two messages, and is
// safe for concurrent use.
type Notifier struct {
	cfg    Config
	server server
	from   *mail.Address
	reply  *mail.Address // nil if it is the sender
}

// New returns a Notifier, or an error that names the field. It does not connect: a
// server that is down when the host starts is tried with the first message, and again
// later.
func New(cfg Config) (*Notifier, error) {
	n := &Notifier{cfg: cfg}
	var err error
	if n.server, err = parseServer(cfg.Server); err != nil {
		return nil, fmt.Errorf("smtpmail: Config.Server: %w", err)
	}
	if cfg.Username == "" {
		n.cfg.Username, n.cfg.Password = n.server.username, cmp.Or(cfg.Password, n.server.password)
	}
	if n.from, err = parseAddress(cfg.From); err != nil {
		return nil, fmt.Errorf("smtpmail: Config.From: %w", err)
	}
	if cfg.ReplyTo != "" {
		if n.reply, err = parseAddress(cfg.ReplyTo); err != nil {
			return nil, fmt.Errorf("smtpmail: Config.ReplyTo: %w", err)
		}
	}
	switch {
	case cfg.Render == nil:
		return nil, errors.New("smtpmail: Config.Render is nil")
	case cfg.Timeout < 0:
		return nil, errors.New("smtpmail: Config.Timeout is negative")
	}
	n.cfg.Timeout = cmp.Or(cfg.Timeout, 10*time.Second)
	if n.cfg.Hello == "" {
		n.cfg.Hello = hostname()
	}
	n.cfg.TLS = n.tls()
	return n, nil
}

// Notify delivers one message. Its error is an [Error], that of Render or Other, or
// passwd.ErrUndeliverable for what cannot be sent at all.
func (n *Notifier) Notify(ctx context.Context, m passwd.Message) error {
	if m.Channel != passwd.EmailChannel {
		if n.cfg.Other == nil {
			return fmt.Errorf("smtpmail: a message for the channel %q: %w", m.Channel, passwd.ErrUndeliverable)
		}
		return n.cfg.Other.Notify(ctx, m)
	}
	to, err := recipient(m.To)
	if err != nil {
		return err
	}
	words, err := n.cfg.Render(m)
	if err != nil {
		return fmt.Errorf("smtpmail: rendering: %w", err)
	}
	return n.send(ctx, n.compose(m, to, words))
}

// security is how a connection is encrypted.
type security int

const (
	startTLS security = iota
	implicitTLS
	plain
)

type server struct {
	host, port         string
	security           security
	username, password string
}

var schemes = map[string]server{
	"smtp":          {security: startTLS, port: "587"},
	"smtps":         {security: implicitTLS, port: "465"},
	"insecure-smtp": {security: plain, port: "25"},
}

// parseServer reads the URL of a server. Its errors do not repeat it: it may hold a
// password.
func parseServer(text string) (server, error) {
	u, err := url.Parse(text)
	if err != nil {
		return server{}, errors.New("does not parse as a URL")
	}
	s, known := schemes[u.Scheme]
	switch {
	case !known:
		return server{}, errors.New("want smtp://, smtps:// or insecure-smtp://")
	case u.Hostname() == "":
		return server{}, errors.New("names no host")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return server{}, errors.New("has more than a host, a port and user info")
	}
	if s.host, err = asciiDomain(u.Hostname()); err != nil {
		return server{}, errors.New("names a host that is not a domain name")
	}
	s.port = cmp.Or(u.Port(), s.port)
	s.username = u.User.Username()
	s.password, _ = u.User.Password()
	return s, nil
}

func (n *Notifier) tls() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if n.cfg.TLS != nil {
		c = n.cfg.TLS.Clone()
	}
	c.ServerName = cmp.Or(c.ServerName, n.server.host)
	return c
}

// hostname is what servers are greeted by: they may refuse a name that is none.
func hostname() string {
	name, err := os.Hostname()
	if err != nil || strings.ContainsAny(name, " \t\r\n") || name == "" {
		return "localhost"
	}
	return name
}

func (s server) address() string { return net.JoinHostPort(s.host, s.port) }

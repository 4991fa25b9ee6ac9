package smtpmail

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// send hands a mail to the server. Once the server has taken it, what goes wrong
// with saying goodbye is no failure: the mail would be sent twice.
func (n *Notifier) send(ctx context.Context, msg *gomail.Msg) error {
	timeout := n.cfg.Timeout
	if deadline, ok := ctx.Deadline(); ok {
		timeout = min(timeout, time.Until(deadline))
	}
	if err := ctx.Err(); err != nil {
		return &Error{Step: "connect", Err: err}
	}
	if timeout <= 0 { // the context has not noticed yet
		return &Error{Step: "connect", Err: context.DeadlineExceeded}
	}
	line := &line{ctx: ctx, server: n.server, tls: n.cfg.TLS}
	defer line.close()
	client, err := gomail.NewClient(n.server.host, n.options(line, timeout)...)
	if err != nil {
		return &Error{Step: "configure", Err: err}
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return dialError(ctx, err)
	}
	err = client.SendWithSMTPClient(conn, msg)
	if msg.IsDelivered() {
		_ = conn.Quit()
		return nil
	}
	return sendError(ctx, err)
}

func (n *Notifier) options(l *line, timeout time.Duration) []gomail.Option {
	policy := gomail.TLSMandatory
	if n.server.security != startTLS {
		policy = gomail.NoTLS // the line is encrypted already, or never
	}
	options := []gomail.Option{
		gomail.WithDialContextFunc(l.dial),
		gomail.WithTLSPolicy(policy),
		gomail.WithTLSConfig(n.cfg.TLS),
		gomail.WithTimeout(timeout),
		gomail.WithHELO(n.cfg.Hello),
		gomail.WithoutNoop(),
		gomail.WithoutRset(),
	}
	if n.cfg.Username != "" {
		options = append(options, gomail.WithSMTPAuthCustom(&auth{config: n.cfg, server: n.server}))
	}
	return options
}

// line is the connection of one mail. It is cut when the context of the delivery
// ends, which the client does not look at after it has dialled, and closed when the
// delivery is over, however it went.
type line struct {
	ctx    context.Context
	server server
	tls    *tls.Config
	conn   net.Conn
	stop   func() bool
}

func (l *line) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, l.server.address())
	if err != nil {
		return nil, err
	}
	l.conn = conn
	l.stop = context.AfterFunc(l.ctx, func() { conn.Close() })
	if l.server.security != implicitTLS {
		return conn, nil
	}
	encrypted := tls.Client(conn, l.tls)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return encrypted, nil
}

func (l *line) close() {
	if l.conn != nil {
		l.stop()
		l.conn.Close()
	}
}

// auth is the first of these mechanisms that the server offers. PLAIN and LOGIN
// show the password to the line: they refuse one that is not encrypted, unless the
// scheme of the server's URL has said that it need not be.
type auth struct {
	config Config
	server server
	smtp.Auth
}

func (a *auth) Start(info *smtp.ServerInfo) (string, []byte, error) {
	user, password, insecure := a.config.Username, a.config.Password, a.server.security == plain
	offered := make(map[string]smtp.Auth)
	for _, mechanism := range info.Auth {
		switch mechanism {
		case "SCRAM-SHA-256":
			offered[mechanism] = smtp.ScramSHA256Auth(user, password)
		case "PLAIN":
			offered[mechanism] = smtp.PlainAuth("", user, password, a.server.host, insecure)
		case "LOGIN":
			offered[mechanism] = smtp.LoginAuth(user, password, a.server.host, insecure)
		}
	}
	for _, mechanism := range [...]string{"SCRAM-SHA-256", "PLAIN", "LOGIN"} {
		if a.Auth = offered[mechanism]; a.Auth != nil {
			return a.Auth.Start(info)
		}
	}
	return "", nil, errNoMechanism
}

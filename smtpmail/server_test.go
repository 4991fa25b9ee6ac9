package smtpmail_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// mailServer is a real SMTP server that misbehaves on request.
type mailServer struct {
	address string
	pool    *x509.CertPool // of its certificate, which is for localhost

	mu       sync.Mutex
	fail     map[string]error // by step: MAIL, RCPT, DATA
	stall    string           // step at which it says nothing any more
	hangUp   bool             // takes a mail, and hangs up instead of saying so
	received []envelope
	asked    int // connections
	users    map[string]string
	released chan struct{} // closed at the end of the test: whoever stalls goes on
}

type envelope struct {
	from string
	to   []string
	data string
	user string
	tls  bool
}

type serverKind struct {
	implicitTLS, noTLS bool
	users              map[string]string
	address            string // "" is any port
}

func startServer(t *testing.T, kind serverKind) *mailServer {
	t.Helper()
	s := &mailServer{fail: make(map[string]error), users: kind.users, released: make(chan struct{})}
	certificate, pool := selfSigned(t)
	s.pool = pool
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	if kind.address == "" {
		kind.address = "127.0.0.1:0"
	}
	ln, err := net.Listen("tcp", kind.address)
	if err != nil {
		t.Fatal(err)
	}
	s.address = ln.Addr().String()
	srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked++
		return &session{server: s, conn: c}, nil
	}))
	srv.Domain = "localhost"
	srv.ErrorLog = log.New(io.Discard, "", 0)
	srv.AllowInsecureAuth = kind.noTLS
	srv.EnableSMTPUTF8 = true
	switch {
	case kind.implicitTLS:
		ln = tls.NewListener(ln, config)
	case !kind.noTLS:
		srv.TLSConfig = config
	}
	go srv.Serve(ln)
	t.Cleanup(func() {
		close(s.released)
		srv.Close()
	})
	return s
}

func (s *mailServer) port() string {
	_, port, _ := net.SplitHostPort(s.address)
	return port
}

func (s *mailServer) set(change func(*mailServer)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *mailServer) mails() []envelope {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]envelope(nil), s.received...)
}

// at is what happens at a step.
func (s *mailServer) at(step string) error {
	s.mu.Lock()
	err, stall := s.fail[step], s.stall == step
	s.mu.Unlock()
	if stall {
		<-s.released
	}
	return err
}

type session struct {
	server *mailServer
	conn   *smtp.Conn
	mail   envelope
}

func (s *session) AuthMechanisms() []string {
	if s.server.users == nil {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if want, known := s.server.users[user]; !known || want != password {
			return smtp.ErrAuthFailed
		}
		s.mail.user = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.users != nil && s.mail.user == "" {
		return smtp.ErrAuthRequired
	}
	s.mail.from = from
	_, s.mail.tls = s.conn.TLSConnectionState()
	return s.server.at("MAIL")
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.to = append(s.mail.to, to)
	return s.server.at("RCPT")
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mail.data = string(data)
	if err := s.server.at("DATA"); err != nil {
		return err
	}
	s.server.mu.Lock()
	s.server.received = append(s.server.received, s.mail)
	hangUp := s.server.hangUp
	s.server.mu.Unlock()
	if hangUp {
		s.conn.Conn().Close()
	}
	return nil
}

func (s *session) Reset()        { s.mail = envelope{user: s.mail.user} }
func (s *session) Logout() error { return nil }

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

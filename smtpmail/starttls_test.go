package smtpmail_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/smtpmail"
)

// dialogue is a mail server by the letter: what it says, and what it was told before
// and after the line was encrypted.
type dialogue struct {
	port          string
	pool          *x509.CertPool
	clear, sealed chan []string
}

// startDialogue serves one connection. The reply to STARTTLS has injected behind it,
// in the same packet and in the clear.
func startDialogue(t *testing.T, before, injected, after string) *dialogue {
	t.Helper()
	certificate, pool := selfSigned(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	d := &dialogue{pool: pool, clear: make(chan []string, 1), sealed: make(chan []string, 1)}
	_, d.port, _ = net.SplitHostPort(ln.Addr().String())
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "220 here\r\n")
		told, upgraded := converse(conn, before, injected)
		d.clear <- told
		if !upgraded {
			return
		}
		told, _ = converse(tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{certificate}}), after, "")
		d.sealed <- told
	}()
	return d
}

// converse answers until the connection is to be encrypted, or ends.
func converse(conn net.Conn, extensions, injected string) (told []string, upgraded bool) {
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		line := lines.Text()
		told = append(told, line)
		verb, _, _ := strings.Cut(line, " ")
		switch verb {
		case "EHLO":
			fmt.Fprintf(conn, "250-here\r\n250 %s\r\n", extensions)
		case "STARTTLS":
			fmt.Fprint(conn, "220 go on\r\n"+injected)
			return told, true
		case "AUTH":
			fmt.Fprint(conn, "334 "+base64.StdEncoding.EncodeToString([]byte("Username:"))+"\r\n")
			for _, next := range []string{"334 " + base64.StdEncoding.EncodeToString([]byte("Password:")), "235 2.7.0 welcome"} {
				if lines.Scan() {
					told = append(told, line+" "+lines.Text())
					io.WriteString(conn, next+"\r\n")
				}
			}
		case "DATA":
			fmt.Fprint(conn, "354 go on\r\n")
			for lines.Scan() && lines.Text() != "." {
			}
			fmt.Fprint(conn, "250 taken\r\n")
		case "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return told, false
		default:
			fmt.Fprint(conn, "250 fine\r\n")
		}
	}
	return told, false
}

func (d *dialogue) notify(t *testing.T) error {
	t.Helper()
	return notifier(t, smtpmail.Config{
		Server: "smtp://localhost:" + d.port, Username: "app", Password: "secret",
		From: "no-reply@example.com", Render: words, TLS: &tls.Config{RootCAs: d.pool},
	}).Notify(t.Context(), message())
}

// What somebody on the way puts behind the reply to STARTTLS is not taken for the
// server's (CVE-2011-0411), and nothing but greetings is said in the clear.
func TestNothingIsTakenFromTheClear(t *testing.T) {
	d := startDialogue(t, "STARTTLS", "250-evil\r\n250 AUTH PLAIN\r\n235 2.7.0 welcome\r\n250 fine\r\n", "AUTH LOGIN")
	if err := d.notify(t); err != nil {
		t.Fatal(err)
	}
	clear, sealed := <-d.clear, <-d.sealed
	if len(clear) != 2 || !strings.HasPrefix(clear[0], "EHLO ") || clear[1] != "STARTTLS" {
		t.Errorf("in the clear: %q", clear)
	}
	got := strings.Join(sealed, "\n")
	for _, want := range []string{"EHLO ", "AUTH LOGIN YXBw", "AUTH LOGIN c2VjcmV0", "MAIL FROM:<no-reply@example.com>", "RCPT TO:<ada@example.com>"} {
		if !strings.Contains(got, want) {
			t.Errorf("the encrypted line has no %q: %q", want, sealed)
		}
	}
}

// A server whose offer of STARTTLS was taken away is told neither password nor mail.
func TestStrippedSTARTTLS(t *testing.T) {
	d := startDialogue(t, "AUTH PLAIN LOGIN", "", "")
	if err := d.notify(t); err == nil {
		t.Fatal("delivered")
	}
	for _, line := range <-d.clear {
		if !strings.HasPrefix(line, "EHLO ") && line != "QUIT" {
			t.Errorf("in the clear: %q", line)
		}
	}
}

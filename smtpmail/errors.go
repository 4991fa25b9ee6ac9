package smtpmail

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"slices"
	"strings"

	"github.com/passwd-go/passwd"
	gomail "github.com/wneessen/go-mail"
)

var errNoMechanism = errors.New("the server offers none of SCRAM-SHA-256, PLAIN and LOGIN")

// Error is a delivery that has failed. It is [passwd.ErrUndeliverable] if the server
// knows no such mailbox.
type Error struct {
	// Step is what failed: "configure", "connect" (greeting, TLS and AUTH included),
	// "MAIL", "RCPT" or "DATA".
	Step string
	// Code is the server's reply, as 451 (RFC 5321 §4.2), 0 if there was none.
	Code int
	// Status is the enhanced status, as "4.7.1" (RFC 3463), "" if there was none.
	Status string
	// Err is why there was no reply; nil if there was one.
	Err error
}

func (e *Error) Error() string {
	if e.Code == 0 {
		return fmt.Sprintf("smtpmail: %s: %v", e.Step, e.Err)
	}
	return strings.TrimSpace(fmt.Sprintf("smtpmail: %s: the server answered %d %s", e.Step, e.Code, e.Status))
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Is makes the Error of a mailbox that does not exist passwd.ErrUndeliverable.
func (e *Error) Is(target error) bool { return target == passwd.ErrUndeliverable && e.noMailbox() }

// noMailbox goes by RFC 3463 §3.2 and RFC 7505: no such mailbox, no such host, bad
// syntax, moved, takes no mail. The others of 5.1 may be about the sender, and servers
// refuse one at the recipient, too; a reply without a status may be about relaying.
// Such failures, as those of a policy (5.7.1), a full mailbox or a wrong password, may
// pass.
func (e *Error) noMailbox() bool {
	switch e.Code {
	case 550, 551, 553:
		return e.Step == "RCPT" && slices.Contains([]string{"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"}, e.Status)
	}
	return false
}

// dialError is the error of what comes before a mail.
func dialError(ctx context.Context, err error) error {
	e := &Error{Step: "connect"}
	var reply *textproto.Error
	switch {
	case errors.As(err, &reply):
		e.Code, e.Status = reply.Code, status(reply.Msg)
	case ctx.Err() != nil:
		e.Err = ctx.Err()
	default:
		e.Err = err
	}
	return e
}

// sendError is the error of a mail. What the client says of it, it says with the
// address: none of its words are kept.
func sendError(ctx context.Context, err error) error {
	e := &Error{Step: "DATA", Err: errors.New("the connection was lost")}
	var failure *gomail.SendError
	if errors.As(err, &failure) {
		e.Step = step(failure.Reason)
		if e.Code = failure.ErrorCode(); e.Code != 0 {
			e.Status, e.Err = failure.EnhancedStatusCode(), nil
		}
	}
	if e.Code == 0 && ctx.Err() != nil {
		e.Err = ctx.Err()
	}
	return e
}

func step(r gomail.SendErrReason) string {
	switch r {
	case gomail.ErrConnCheck:
		return "connect"
	case gomail.ErrGetSender, gomail.ErrSMTPMailFrom:
		return "MAIL"
	case gomail.ErrGetRcpts, gomail.ErrSMTPRcptTo:
		return "RCPT"
	}
	return "DATA"
}

// status finds an enhanced status at the beginning of a reply.
func status(text string) string {
	return enhanced.FindString(text)
}

var enhanced = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

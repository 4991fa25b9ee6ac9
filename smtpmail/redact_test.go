package smtpmail_test

import (
	"testing"

	"github.com/passwd-go/passwd/internal/redacttest"
	"github.com/passwd-go/passwd/smtpmail"
)

func TestRedacted(t *testing.T) { // I7
	c := smtpmail.Config{
		Server: "smtp://app:" + redacttest.Canary + "@localhost", Password: redacttest.Canary,
		From: "a@example.com", Render: words,
	}
	n := notifier(t, c)
	redacttest.Check(t, ".", nil, &c, smtpmail.Config{}, n)
}

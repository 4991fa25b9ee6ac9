// Package recovery is a piece of an app that has its own words, its own transport,
// and a test: see recovery_test.go.
//
//	go test -v ./examples/unit-testing
package recovery

import (
	"context"
	"errors"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
)

// Desk is what the app's chat bot talks to.
type Desk struct {
	Passwords *passwd.Service
	Words     locale.Printer
}

// Forgot has a link sent to whom the address belongs, if anybody.
func (d Desk) Forgot(ctx context.Context, email string) error {
	return d.Passwords.RequestReset(ctx, passwd.RequestReset{Login: passwd.Login{Kind: passwd.Email, Value: email}})
}

// Reset sets a new password. What is wrong with it is told in sentences, and then
// the link is still good.
func (d Desk) Reset(ctx context.Context, token, password string) (wrong []string, err error) {
	_, err = d.Passwords.Reset(ctx, passwd.Reset{Token: passwd.Token(token), New: password})
	if rejected, ok := errors.AsType[*passwd.PolicyError](err); ok {
		for _, v := range rejected.Violations {
			wrong = append(wrong, d.Words.Violation(v))
		}
		return wrong, nil
	}
	return nil, err
}

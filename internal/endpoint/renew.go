package endpoint

import (
	"net/http"

	"github.com/passwd-go/passwd"
)

// RenewFailed reports that a host could not re-issue the caller's own session after
// a change: the change has happened, and its caller has to sign in again.
func RenewFailed(s *passwd.Service, r *http.Request, w passwd.Written, c passwd.Client, err error) {
	s.Observe(r.Context(), passwd.Event{
		Name: passwd.EventAfterWriteFailed, Account: w.Account, Outcome: "failure", Reason: "renew",
		Method: w.Method, Client: c, Err: err,
	})
}

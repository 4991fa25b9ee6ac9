package passwdhttp

import (
	"net/http"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/pwpolicy"
)

// remarks are what the check says of a new password besides what is wrong with it: for
// those whose browser runs no script, as they are not told while they type.
type remarks struct {
	Notes  []pwpolicy.Note   `json:"m,omitempty"`
	Weak   bool              `json:"k,omitempty"` // accepted, but easy to guess
	Advice []pwpolicy.Advice `json:"g,omitempty"`
}

// remarksOn asks the check about a password that has been sent: for the account, or, if
// it has no ID, only what anybody can see of it. Where the check cannot be had, that is
// all there is.
func (p *pages) remarksOn(r *http.Request, account passwd.Ref, password string) remarks {
	found := remarks{Notes: pwpolicy.Notes(password)}
	if account.ID == "" {
		return found
	}
	report, err := p.service(r).Check(r.Context(), passwd.Check{Account: account, Password: password, Client: p.face.Client(r)})
	if err == nil {
		found.Weak = len(report.Violations) == 0 && report.Score != nil && *report.Score < 2
		found.Advice = report.Advice
	}
	return found
}

// texts puts the remarks into words.
func (m remarks) texts(words locale.Printer) (all []string) {
	if m.Weak {
		all = append(all, words.Text("allowed_weak"))
	}
	for _, n := range m.Notes {
		all = append(all, words.Note(n))
	}
	for _, a := range m.Advice {
		all = append(all, words.Advice(string(a)))
	}
	return all
}

package passwd_test

import (
	"bytes"
	"testing"
	"text/template"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/redacttest"
	"github.com/passwd-go/passwd/passwdtest"
)

func TestRedacted(t *testing.T) { // I7
	kit := passwdtest.New(t, passwd.Config{Keys: passwd.Keys{
		Current: []byte(redacttest.Canary), Previous: [][]byte{[]byte(redacttest.Canary)},
	}})
	redacttest.Check(t, ".", map[string]string{
		"Config.Hasher":  "is an interface; the hashers of this module with a pepper redact it",
		"Config.Links":   "says where links lead, and has none",
		"Holder.UserKey": "names an account, and opens nothing",
		"Job.Key":        "is a keyed digest",
		"Job.Sealed":     "is encrypted",
		"Step.Key":       "is a keyed digest",
	},
		passwd.Config{}, passwd.SignIn{}, passwd.Change{}, passwd.ChangeByLogin{}, passwd.ChangeWithTicket{}, passwd.RedeemCode{},
		passwd.CheckReset{}, passwd.Reset{}, passwd.CancelReset{}, passwd.Check{}, passwd.Issued{}, passwd.Keys{}, passwd.Message{},
		passwd.Account{}, passwd.Write{}, kit.Service,
	)
}

// A message redacts itself as a whole; its link is there for templates.
func TestMessageInTemplate(t *testing.T) {
	m := passwd.Message{Kind: passwd.MessageResetLink, Link: "https://app.example.com/reset?token=" + redacttest.Canary, At: time.Unix(0, 0)}
	var b bytes.Buffer
	if err := template.Must(template.New("").Parse("{{.Kind}} {{.Link}}|{{.}}")).Execute(&b, m); err != nil {
		t.Fatal(err)
	}
	if want := "reset_link " + m.Link + "|[redacted]"; b.String() != want {
		t.Errorf("%s, want %s", b.String(), want)
	}
}

package passwdhttp_test

import (
	"testing"

	"github.com/passwd-go/passwd/internal/redacttest"
	"github.com/passwd-go/passwd/passwdhttp"
)

func TestStructsRedacted(t *testing.T) { // I7
	redacttest.Check(t, ".", map[string]string{
		"APIFieldError.Code":   "is that of a rule or fault",
		"Check.Cookie":         "is the name of a cookie",
		"Config.PasswordField": "is the name of a field",
		"Field.PasswordRules":  "says what passwords are accepted",
		"Field.EnterKey":       "is what a key of a phone says",
		"Requirement.Key":      "is the code of a rule",
		"View.Links":           "lead to pages, without a token",
	}, passwdhttp.APIError{})
}

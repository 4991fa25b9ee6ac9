package passwdhttp

import (
	"fmt"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/internal/jsonstrict"
)

type problemText struct{ title, detail string }

var problemTexts = map[passwd.Code]problemText{
	passwd.CodeWrongCredentials:       {"Wrong credentials", "The login or the password is wrong."},
	passwd.CodeUnauthenticated:        {"Not signed in", "Sign in first."},
	passwd.CodeWrongPassword:          {"Wrong password", "The current password is wrong."},
	passwd.CodePasswordChangeRequired: {"Password change required", "Change your password before you go on."},
	passwd.CodeSecondFactorRequired:   {"Second factor required", "A second factor is needed to go on."},
	passwd.CodeNoChangeNeeded:         {"No change needed", "The password need not be changed."},
	passwd.CodeConflict:               {"Conflict", "The account has changed in the meantime. Try again."},
	passwd.CodePasswordRejected:       {"Password rejected", "The new password cannot be used."},
	passwd.CodeInvalidToken:           {"Invalid token", "The link or code is wrong, or no longer valid. Ask for a new one."},
	passwd.CodeInvalidRequest:         {"Malformed request", "The request is not what this address takes."},
	passwd.CodeRateLimited:            {"Too many requests", "There were too many tries. Wait a while."},
	passwd.CodeBusy:                   {"Busy", "There is too much to do right now. Try again in a moment."},
	passwd.CodeUnavailable:            {"Unavailable", "This does not work right now. Try again later."},
	passwd.CodeInternal:               {"Internal error", "Something went wrong."},
	endpoint.CodeCrossOrigin:          {"Cross-origin request", "The request comes from another site."},
	endpoint.CodeNotFound:             {"Not found", "There is nothing at this address."},
	endpoint.CodeMethodNotAllowed:     {"Method not allowed", "This address does not take this method."},
	endpoint.CodeTooLarge:             {"Too large", "The request is too large."},
	endpoint.CodeUnsupportedMediaType: {"Unsupported media type", "The request must be application/json."},
}

var faultTexts = map[jsonstrict.Fault]string{
	jsonstrict.Missing:   "This field is required.",
	jsonstrict.Null:      "This field must not be null.",
	jsonstrict.WrongType: "This field is not of the right type.",
}

// forgotText answers every request for a link: it tells nothing about accounts.
const forgotText = "If there is such an account, a message is on its way to it."

// describe puts a violation into words, or a requirement: the sentences fit both.
func describe(code passwd.ViolationCode, params map[string]any) string {
	switch code {
	case passwd.TooShort:
		if n, ok := integer(params["min"]); ok && n > 1 {
			return fmt.Sprintf("Use at least %d characters.", n)
		}
		return "Enter a password."
	case passwd.TooLong:
		if n, ok := integer(params["max"]); ok && params["unit"] != "bytes" {
			return fmt.Sprintf("Use at most %d characters.", n)
		}
		return "Use a shorter password."
	case passwd.InvalidEncoding:
		return "Leave out characters that cannot be stored."
	case passwd.MissingClass:
		return describeClass(params)
	case passwd.Numeric:
		return "Do not use digits alone."
	case passwd.SameAsLogin:
		return "Do not use your username, e-mail address or phone number."
	case passwd.Reused:
		if n, ok := integer(params["depth"]); ok && n > 1 {
			return fmt.Sprintf("Do not use one of your last %d passwords.", n)
		}
		return "Do not use your current password."
	}
	return "Choose another password."
}

func describeClass(params map[string]any) string {
	class, _ := params["class"].(string)
	nouns, known := classNouns[class]
	if !known {
		return "Use another kind of character as well."
	}
	if n, ok := integer(params["min"]); ok && n > 1 {
		return fmt.Sprintf("Use at least %d %s.", n, nouns.many)
	}
	return fmt.Sprintf("Use at least one %s.", nouns.one)
}

type nouns struct{ one, many string }

var classNouns = map[string]nouns{
	"upper":  {"capital letter", "capital letters"},
	"lower":  {"small letter", "small letters"},
	"digit":  {"digit", "digits"},
	"symbol": {"character that is neither letter nor digit", "characters that are neither letters nor digits"},
}

// integer reads a parameter, which may have come from JSON.
func integer(param any) (int, bool) {
	switch n := param.(type) {
	case int:
		return n, true
	case int64:
		return int(n), true
	case float64:
		return int(n), true
	}
	return 0, false
}

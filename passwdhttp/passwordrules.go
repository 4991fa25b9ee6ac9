package passwdhttp

import (
	"fmt"
	"strings"

	"github.com/passwd-go/passwd"
)

// passwordRules says what a policy requires in the words of the passwordrules
// attribute, by which password managers make passwords (W10):
// "minlength: 15; allowed: ascii-printable;". A bound under 64 is left out: it
// is not for a manager to make weak passwords (P3).
func passwordRules(requirements []passwd.Requirement) string {
	var required []string
	least, most := 0, 0
	for _, r := range requirements {
		switch r.Code {
		case passwd.TooShort:
			n, _ := integer(r.Params["min"])
			least = max(least, n)
		case passwd.TooLong:
			if n, ok := integer(r.Params["max"]); ok && (most == 0 || n < most) {
				most = n
			}
		case passwd.MissingClass:
			class, _ := r.Params["class"].(string)
			if word, ok := managerClasses[class]; ok {
				required = append(required, word)
			}
		}
	}
	var rules strings.Builder
	if least > 0 {
		fmt.Fprintf(&rules, "minlength: %d; ", least)
	}
	if most >= 64 {
		fmt.Fprintf(&rules, "maxlength: %d; ", most)
	}
	for _, class := range required {
		fmt.Fprintf(&rules, "required: %s; ", class)
	}
	// Without it, a manager would use nothing but the required classes.
	rules.WriteString("allowed: ascii-printable;")
	return rules.String()
}

// managerClasses translates the classes of passwd.MissingClass.
var managerClasses = map[string]string{"upper": "upper", "lower": "lower", "digit": "digit", "symbol": "special"}

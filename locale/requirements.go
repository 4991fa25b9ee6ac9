package locale

import (
	"fmt"
	"slices"
	"strings"

	"github.com/passwd-go/passwd/pwpolicy"
)

// PasswordRules returns what a policy asks for in the syntax of the attribute
// passwordrules, by which password managers make passwords (W10): "minlength: 15;
// allowed: ascii-printable;". A maximum under 64 is left out: managers should not
// make weak passwords (P3). So is what the format cannot express: more than one
// character of a class, and anything that is not ASCII.
func PasswordRules(requirements []pwpolicy.Requirement) string {
	permitted := printable
	for _, r := range requirements {
		if set, ok := r.Params["allowed"].(string); ok && r.Code == pwpolicy.ForbiddenCharacters {
			permitted = permitted.only(func(c rune) bool { return strings.ContainsRune(set, c) })
		}
		if set, ok := r.Params["characters"].(string); ok && r.Code == pwpolicy.ForbiddenCharacters {
			permitted = permitted.only(func(c rune) bool { return !strings.ContainsRune(set, c) })
		}
	}
	var rules strings.Builder
	if least := MinLength(requirements); least > 0 {
		fmt.Fprintf(&rules, "minlength: %d; ", least)
	}
	if most := least(requirements, pwpolicy.TooLong); most >= 64 {
		fmt.Fprintf(&rules, "maxlength: %d; ", most)
	}
	if most := least(requirements, pwpolicy.TooRepeated); most > 0 {
		fmt.Fprintf(&rules, "max-consecutive: %d; ", most)
	}
	for _, r := range requirements {
		if set := required(r).only(permitted.has); set != "" {
			fmt.Fprintf(&rules, "required: %s; ", set)
		}
	}
	// Without it, a manager would use nothing but the required classes.
	fmt.Fprintf(&rules, "allowed: %s;", permitted)
	return rules.String()
}

// MinLength returns the least number of characters that a policy asks for, the
// value of the attribute minlength; 0 if it asks for none.
func MinLength(requirements []pwpolicy.Requirement) int {
	least := 0
	for _, r := range requirements {
		if r.Code == pwpolicy.TooShort {
			n, _ := number(r.Params["min"])
			least = max(least, n)
		}
	}
	return least
}

// least returns the smallest max that the requirements of a code have; 0 if none
// has one. A manager's characters are single bytes, so the unit does not matter.
func least(requirements []pwpolicy.Requirement, code pwpolicy.Code) int {
	var all []int
	for _, r := range requirements {
		if n, ok := number(r.Params["max"]); ok && r.Code == code {
			all = append(all, n)
		}
	}
	if len(all) == 0 {
		return 0
	}
	return slices.Min(all)
}

// required returns of which characters a requirement asks for one; "" if it is
// about something else.
func required(r pwpolicy.Requirement) ascii {
	switch r.Code {
	case pwpolicy.MissingClass:
		return classCharacters(r.Params["class"])
	case pwpolicy.MissingCharacters:
		set, _ := r.Params["characters"].(string)
		return printable.only(func(c rune) bool { return strings.ContainsRune(set, c) })
	}
	return ""
}

// ascii is a set of printable ASCII characters, in their order.
type ascii string

// The classes that managers know by name.
const (
	printable ascii = " !\"#$%&'()*+,-./" + digits + ":;<=>?@" + upper + "[\\]^_`" + lower + "{|}~"
	upper     ascii = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lower     ascii = "abcdefghijklmnopqrstuvwxyz"
	digits    ascii = "0123456789"
	special   ascii = " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
)

// classCharacters returns the characters of a class of passwd.MissingClass.
func classCharacters(class any) ascii {
	switch class {
	case "upper":
		return upper
	case "lower":
		return lower
	case "digit":
		return digits
	case "symbol":
		return special
	}
	return ""
}

func (a ascii) has(c rune) bool { return strings.ContainsRune(string(a), c) }

func (a ascii) only(keep func(rune) bool) ascii {
	return ascii(strings.Map(func(c rune) rune {
		if keep(c) {
			return c
		}
		return -1
	}, string(a)))
}

// String names the classes that are wholly in the set, and lists the rest in
// brackets: "upper, lower, [-#]]". There a hyphen has to come first and a bracket
// last.
func (a ascii) String() string {
	switch a {
	case printable:
		return "ascii-printable"
	case "":
		return "unicode" // there must be something, and it is not ASCII
	}
	var parts []string
	for _, class := range []struct {
		name string
		set  ascii
	}{{"upper", upper}, {"lower", lower}, {"digit", digits}, {"special", special}} {
		if !strings.ContainsFunc(string(class.set), func(c rune) bool { return !a.has(c) }) {
			parts = append(parts, class.name)
			a = a.only(func(c rune) bool { return !class.set.has(c) })
		}
	}
	if a != "" {
		middle := a.only(func(c rune) bool { return c != '-' && c != ']' })
		first, last := a.only(func(c rune) bool { return c == '-' }), a.only(func(c rune) bool { return c == ']' })
		parts = append(parts, "["+string(first+middle+last)+"]")
	}
	return strings.Join(parts, ", ")
}

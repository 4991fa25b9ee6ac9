package locale

import (
	"slices"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwpolicy"
)

// Violation says what is wrong with a password, and what to do about it: "Use at
// least 15 characters." For a code that it does not know, such as a host's own,
// it says in general that another password is needed.
func (p Printer) Violation(v pwpolicy.Violation) string {
	c := p.catalogue()
	return c.sentence(p.Language(), c.Violations, string(v.Code), v.Params)
}

// Requirement says beforehand what is asked for: "At least 15 characters." For a
// code that it does not know it says that there are further rules.
func (p Printer) Requirement(r pwpolicy.Requirement) string {
	c := p.catalogue()
	return c.sentence(p.Language(), c.Requirements, string(r.Code), r.Params)
}

// Violations says what is wrong with a password in as few sentences as reads well:
// several missing classes go into one, none is repeated, and that a password is easy
// to guess is not said of one that is common, or like what is known.
func (p Printer) Violations(all []pwpolicy.Violation) []string {
	clauses := make([]clause, 0, len(all))
	known := slices.ContainsFunc(all, func(v pwpolicy.Violation) bool { return slices.Contains(easilyGuessed, v.Code) })
	for _, v := range all {
		if v.Code != pwpolicy.TooWeak || !known {
			clauses = append(clauses, clause{v.Code, v.Params})
		}
	}
	return p.tell(p.catalogue().Violations, clauses)
}

// easilyGuessed are what makes a password easy to guess, and says more than that.
var easilyGuessed = []pwpolicy.Code{
	pwpolicy.TooCommon, pwpolicy.Similar, pwpolicy.SimilarCurrent, pwpolicy.ContextWord, pwpolicy.SameAsLogin,
}

// Describe says beforehand what a policy asks for, as Violations does afterwards:
// "At least 8 characters.", "At least one uppercase letter and one digit."
func (p Printer) Describe(all []pwpolicy.Requirement) []string {
	clauses := make([]clause, len(all))
	for i, r := range all {
		clauses[i] = clause{r.Code, r.Params}
	}
	return p.tell(p.catalogue().Requirements, clauses)
}

func (p Printer) tell(section map[string]message, all []clause) []string {
	sentences := make([]string, 0, len(all))
	for _, c := range combine(all) {
		s := p.catalogue().sentence(p.Language(), section, string(c.code), c.params)
		if !slices.Contains(sentences, s) {
			sentences = append(sentences, s)
		}
	}
	return sentences
}

// clause is a violation or a requirement.
type clause struct {
	code   pwpolicy.Code
	params map[string]any
}

// class returns the class of which the clause asks for one character; "" if it
// asks for something else.
func (c clause) class() string {
	name, _ := c.params["class"].(string)
	n, _ := number(c.params["min"])
	if c.code != pwpolicy.MissingClass || n != 1 || classCharacters(name) == "" {
		return ""
	}
	return name
}

// combine puts a single clause for several classes into the place of the first.
func combine(all []clause) []clause {
	var classes []string
	for _, c := range all {
		if name := c.class(); name != "" {
			classes = append(classes, name)
		}
	}
	if len(classes) < 2 {
		return all
	}
	first := slices.IndexFunc(all, func(c clause) bool { return c.class() != "" })
	rest := slices.Clone(all[first+1:])
	rest = slices.DeleteFunc(rest, func(c clause) bool { return c.class() != "" })
	classed := clause{pwpolicy.MissingClass, map[string]any{"classes": classes}}
	return slices.Concat(all[:first], []clause{classed}, rest)
}

// Problem returns the title and the detail of a problem (RFC 9457): of the codes
// of package passwd, and of cross_origin, not_found, method_not_allowed,
// too_large and unsupported_media_type. For others it says the same as for
// [passwd.CodeInternal].
func (p Printer) Problem(code passwd.Code) (title, detail string) {
	problems := p.catalogue().Problems
	text, known := problems[string(code)]
	if !known {
		text = problems[string(passwd.CodeInternal)]
	}
	return text.Title, text.Detail
}

// Field says what is wrong with a field of a request: "missing", "null",
// "wrong_type", "unknown", "exclusive" or "not_allowed". For anything else it says the
// same as for "wrong_type".
func (p Printer) Field(fault string) string {
	fields := p.catalogue().Fields
	text, known := fields[fault]
	if !known {
		text = fields["wrong_type"]
	}
	return text
}

// ResetRequested is the answer to every request for a link or a code, and reveals
// nothing about accounts (I6).
func (p Printer) ResetRequested() string { return p.catalogue().Requested }

// Note points out what is accepted in a password, but may not be meant: "The
// password ends with a space."; "" for one that it does not know.
func (p Printer) Note(n pwpolicy.Note) string { return p.catalogue().Notes[string(n)] }

// Advice says what would make a password harder to guess, by the codes of
// [pwpolicy.Advice]; "" for a code that it does not know.
func (p Printer) Advice(code string) string { return p.catalogue().Advice[code] }

// Attribute returns what an attribute of an account is called, for the names in
// passwd.Account and those that hosts commonly use: "last_name", "lastName" and
// "surname" are all "last name". For any other it is "personal information".
func (p Printer) Attribute(name string) string { return p.catalogue().attribute(name).Name }

// Class returns what a character of a class is called: "upper" is "capital
// letter". It returns "" for a class that it does not know.
func (p Printer) Class(name string) string { return p.catalogue().Classes[name].Name }

func (c *catalogue) attribute(name string) attribute {
	return c.Attributes[attributeKey(name)]
}

// attributeKey is the catalogue's name of an attribute.
func attributeKey(name string) string {
	if len(name) > 64 {
		return "other"
	}
	letter := func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' || r == '.' {
			return -1
		}
		return r
	}
	switch strings.ToLower(strings.Map(letter, name)) {
	case "username", "login", "user", "account", "accountname":
		return "username"
	case "email", "emailaddress", "mail":
		return "email"
	case "mobile", "mobilephone", "mobilenumber", "phone", "phonenumber", "telephone":
		return "phone"
	case "name", "fullname":
		return "name"
	case "firstname", "givenname", "forename":
		return "first_name"
	case "lastname", "familyname", "surname":
		return "last_name"
	case "nickname", "displayname", "alias", "preferredusername", "handle":
		return "nickname"
	case "birthdate", "birthday", "birth", "dateofbirth", "dob":
		return "birthdate"
	case "organization", "organisation", "company", "employer":
		return "organization"
	case "address", "street", "streetaddress", "postaladdress", "city", "postcode", "postalcode", "zip", "zipcode":
		return "address"
	}
	return "other"
}

package pwpolicy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/passwd-go/passwd/internal/similarity"
)

// The violations of [NotSimilar].
const (
	Similar        Code = "similar"         // attribute: the name of the one that it resembles most
	SimilarCurrent Code = "similar_current" // like the current password
	ContextWord    Code = "context_word"    // like a word of the host's
)

// NotSimilar refuses passwords that are little more than what is known about
// their owner: the account's username, e-mail address, mobile number and Personal
// attributes, the host's own words (P8), and on a change the current password.
//
// Both sides are folded: case, width, accents, look-alike letters, leet. Each
// character of the password is marked that is part of a word, name, date, number
// or address that is known, or of its likeness: half of it, backwards, with the
// order of its parts or one letter changed, with separators in between. What is
// left is priced by what it adds for an attacker: a letter 1, a digit or symbol
// ¼ (1 where there are many), a year, a count or a word that people put beside a
// name ½. The password is refused if 30 % of it or more is marked, 50 % if only
// digits are, and the rest costs 3 or less. So
// "Lovelace1815!" is refused for Ada Lovelace, "lovelace-7fK2pQx9LmZw" is not: a
// name within a good password does no harm, and P7 forbids looking for parts.
//
// The cost is bounded: the first 64 characters of at most 64 values, cut into 128
// tokens of 64 characters and 2,048 characters in all, against the first 128
// characters of the password. The login and the host's words come first, then
// Personal in its order.
type NotSimilar struct {
	// Context are words that are known to all users, such as the service's name.
	// They may be of several words; at most 32 values of 256 bytes. The host of
	// Links.Base and the account's tenant are always among them.
	Context []string `json:"context,omitempty"`
}

// The bounds on Context: values, and bytes of each.
const (
	maxContext     = 32
	maxContextWord = 256
)

// Validate reports words that are empty, too long or too many.
func (r NotSimilar) Validate() error {
	if len(r.Context) > maxContext {
		return paramError("context", "has %d values, more than %d", len(r.Context), maxContext)
	}
	for i, w := range r.Context {
		if strings.TrimSpace(w) == "" || len(w) > maxContextWord || !utf8.ValidString(w) {
			return paramError(fmt.Sprintf("context[%d]", i), "is empty, not UTF-8 or over %d bytes", maxContextWord)
		}
	}
	return nil
}

// Name is "not_similar", as in the JSON form of a policy.
func (NotSimilar) Name() string { return "not_similar" }

// Phase is [PhaseLocal].
func (NotSimilar) Phase() Phase { return PhaseLocal }

// Describe implements [Rule].
func (NotSimilar) Describe() []Requirement {
	return []Requirement{{Similar, nil}, {SimilarCurrent, nil}, {ContextWord, nil}}
}

// Check implements [Rule].
func (r NotSimilar) Check(_ context.Context, c *Candidate) ([]Violation, error) {
	var found []Violation
	subject := c.Subject()
	var names []string
	var sources []similarity.Source
	know := func(name, value string) {
		names = append(names, name)
		sources = append(sources, similarity.Source{Value: value})
	}
	for _, a := range subject.Logins {
		know(a.Name, a.Value)
	}
	context := slices.Concat(subject.Context, r.Context)
	for _, w := range context {
		know("", w)
	}
	for _, a := range subject.Personal {
		know(a.Name, a.Value)
	}
	if login := isLogin(c.Password(), subject); login != "" { // however long, and of symbols alone
		found = append(found, Violation{Similar, map[string]any{"attribute": login}})
	} else if most, similar := similarity.Find(c.Password(), sources); similar {
		if first := len(subject.Logins); most >= first && most < first+len(context) {
			found = append(found, Violation{ContextWord, nil})
		} else {
			found = append(found, Violation{Similar, map[string]any{"attribute": names[most]}})
		}
	}
	if subject.Current != "" {
		before := []similarity.Source{{Value: subject.Current, Kind: similarity.Password}}
		if _, similar := similarity.Find(c.Password(), before); similar {
			found = append(found, Violation{SimilarCurrent, nil})
		}
	}
	return found, nil
}

// Both has the context words of both.
func (r NotSimilar) Both(other Rule) (Rule, bool) {
	o, ok := other.(NotSimilar)
	all := slices.Clone(r.Context)
	for _, w := range o.Context {
		if !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	r.Context = all
	return r, ok && len(all) <= maxContext
}

package locale

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/passwd-go/passwd/pwpolicy"
)

// details are the parameters by which a more telling sentence is chosen, the most
// telling first: of "too_weak" with reasons, "too_weak.reasons".
var details = [...]string{"classes", "characters", "allowed", "attribute", "weak", "reasons", "min", "max", "depth", "hours_left"}

// sentence returns the most telling sentence for a code that its parameters
// suffice for. A parameter that is missing, or not of its kind, leads to a
// sentence that does without.
func (c *catalogue) sentence(lang string, section map[string]message, code string, params map[string]any) string {
	say := func(key string) (string, bool) {
		m, known := section[key]
		if !known {
			return "", false
		}
		return c.fill(lang, m, params)
	}
	if name, ok := params["class"].(string); ok {
		if s, ok := say(code + "." + name); ok {
			return s
		}
	}
	if pwpolicy.Code(code) == pwpolicy.TooLong {
		unit, told := params["unit"].(string)
		if !told {
			unit = "characters"
		}
		if s, ok := say(code + "." + unit); ok {
			return s
		}
	}
	for _, name := range details {
		if _, ok := params[name]; !ok {
			continue
		}
		if s, ok := say(code + "." + name); ok {
			return s
		}
	}
	if s, ok := say(code); ok && code != "" {
		return s
	}
	return section["other"].texts[other]
}

// fill puts the parameters into a message, or reports that one is missing.
func (c *catalogue) fill(lang string, m message, params map[string]any) (string, bool) {
	text := m.texts[other]
	if m.count != "" {
		n, ok := number(params[m.count])
		if !ok {
			return "", false
		}
		text = m.text(lang, n)
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		if !found {
			break
		}
		var name string
		name, text, _ = strings.Cut(rest, "}")
		value, ok := c.value(lang, name, params[name])
		if !ok {
			return "", false
		}
		b.WriteString(before)
		b.WriteString(value)
	}
	b.WriteString(text)
	return b.String(), true
}

// value puts one parameter into words.
func (c *catalogue) value(lang, name string, param any) (string, bool) {
	switch name {
	case "classes":
		names, _ := param.([]string)
		return enumerate(c.List, names, func(name string) string { return c.Classes[name].One })
	case "reasons":
		return enumerate(c.List, texts(param), func(name string) string { return c.Reasons[name] })
	case "weak":
		name, _ := param.(string)
		return c.weakness(name)
	case "attribute":
		name, ok := param.(string)
		return c.attribute(name).Own, ok
	case "characters", "allowed":
		set, _ := param.(string)
		return spell(lang, set)
	}
	n, ok := number(param)
	return strconv.Itoa(n), ok
}

// weakness puts into words what a password mostly is: "common_word_with_year".
func (c *catalogue) weakness(name string) (string, bool) {
	name, with, decorated := strings.Cut(name, "_with_")
	weak, known := c.Weaknesses[name]
	if !decorated {
		return weak, known
	}
	phrase, ok := c.WeakWith[with]
	return strings.ReplaceAll(phrase, "{weak}", weak), known && ok
}

// isNumber reports whether a parameter is one that value writes as a number.
func isNumber(name string) bool {
	return slices.Contains([]string{"min", "max", "depth", "hours_left", "n"}, name)
}

// number reads a parameter that counts something, which may have come from JSON.
// It is rounded up: who satisfies what is said must satisfy what is asked for.
func number(param any) (int, bool) {
	switch n := param.(type) {
	case int:
		return n, n > 0
	case int64:
		return int(n), n > 0 && n <= math.MaxInt32
	case float64:
		return int(math.Ceil(n)), n > 0 && n <= math.MaxInt32
	}
	return 0, false
}

// texts reads a parameter that lists texts, which may have come from JSON.
func texts(param any) []string {
	switch all := param.(type) {
	case []string:
		return all
	case []any:
		var some []string
		for _, one := range all {
			if s, ok := one.(string); ok {
				some = append(some, s)
			}
		}
		return some
	}
	return nil
}

// enumerate joins the words for names, each once. What has no word is left out;
// it reports whether anything is left.
func enumerate(l list, names []string, word func(string) string) (string, bool) {
	var words []string
	for _, name := range names {
		if w := word(name); w != "" && !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return l.join(words), len(words) > 0
}

// maxSpelled is how many characters are worth listing in a sentence.
const maxSpelled = 64

// spell lists a set of characters, as "a–z 0–9 < >". It reports whether that is
// short enough to be of use.
func spell(lang, set string) (string, bool) {
	var shown []string
	for rest := set; rest != ""; {
		n := run(rest)
		if n > 3 {
			shown = append(shown, rest[:1]+"–"+rest[n-1:n])
		} else {
			var r rune
			r, n = utf8.DecodeRuneInString(rest)
			shown = append(shown, show(r))
		}
		rest = rest[n:]
		if len(shown) > maxSpelled {
			return "", false
		}
	}
	s := strings.Join(shown, " ")
	if Direction(lang) == "rtl" || strings.ContainsFunc(s, rightToLeft) {
		s = "\u2066" + s + "\u2069" // else its punctuation would move about
	}
	return s, s != ""
}

func rightToLeft(r rune) bool {
	return unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana, unicode.Nko)
}

// run returns how many ASCII letters of a case, or digits, follow each other at
// the start of a set.
func run(set string) int {
	n := 1
	for n < len(set) && set[n] == set[n-1]+1 && kind(set[n]) != 0 && kind(set[n]) == kind(set[0]) {
		n++
	}
	return n
}

func kind(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return '0'
	case c >= 'A' && c <= 'Z':
		return 'A'
	case c >= 'a' && c <= 'z':
		return 'a'
	}
	return 0
}

// show makes a character visible by itself.
func show(r rune) string {
	switch {
	case r == ' ':
		return "␣"
	case !unicode.IsGraphic(r), unicode.IsSpace(r), unicode.IsMark(r):
		return fmt.Sprintf("U+%04X", r)
	}
	return string(r)
}

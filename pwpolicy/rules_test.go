package pwpolicy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd/pwpolicy"
)

// policyOf makes a policy of rules alone.
func policyOf(t testing.TB, rules ...pwpolicy.Rule) pwpolicy.Policy {
	t.Helper()
	p, err := pwpolicy.New(rules...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRuns(t *testing.T) {
	for _, c := range []struct {
		rule     pwpolicy.Rule
		password string
		want     string
	}{
		{pwpolicy.Repeated{Max: 3}, "aaa", ""},
		{pwpolicy.Repeated{Max: 3}, "aaaa", "repeated"},
		{pwpolicy.Repeated{Max: 3}, "xaaay zaaa", ""},
		{pwpolicy.Repeated{Max: 3}, "xyz    ", "repeated"},
		{pwpolicy.Repeated{Max: 3}, "\U0001F511\U0001F511\U0001F511\U0001F511", "repeated"},
		{pwpolicy.Repeated{Max: 3}, "aAaAaA", ""},
		{pwpolicy.Repeated{Max: 2}, "e\u0301\u00e9e\u0301", "repeated"}, // one letter in NFC
		{pwpolicy.Sequence{Max: 3}, "abc xyz 123 321", ""},
		{pwpolicy.Sequence{Max: 3}, "xabcdx", "sequence"},
		{pwpolicy.Sequence{Max: 3}, "AbCdE", "sequence"},
		{pwpolicy.Sequence{Max: 3}, "dcba", "sequence"},
		{pwpolicy.Sequence{Max: 3}, "x9876", "sequence"},
		{pwpolicy.Sequence{Max: 3}, "7890", ""},              // 9 and 0 are neighbours on a keyboard only
		{pwpolicy.Sequence{Max: 3}, "abcba bcb 12321", ""},   // turns
		{pwpolicy.Sequence{Max: 3}, "/012 89:; @ABC z{", ""}, // digits and letters have ends
		{pwpolicy.Sequence{Max: 3}, "абвг", "sequence"},
		{pwpolicy.Sequence{Max: 3}, "ДГВБ", "sequence"},
		{pwpolicy.Sequence{Max: 3}, "１２３４", "sequence"},
		{pwpolicy.Sequence{Max: 3}, "\u0661\u0662\u0663\u0664", "sequence"},
		{pwpolicy.Sequence{Max: 3}, "一丁丂七", ""}, // neighbours in Unicode, of no order that anybody knows
		{pwpolicy.Sequence{Max: 3}, "가각갂갃", ""},
		{pwpolicy.Sequence{Max: 3}, "asdfghjkl", ""},
		{pwpolicy.Sequence{Max: 3, Keyboard: true}, "xasDFx", "sequence"},
		{pwpolicy.Sequence{Max: 3, Keyboard: true}, "poiu", "sequence"},
		{pwpolicy.Sequence{Max: 3, Keyboard: true}, "7890", "sequence"},
		{pwpolicy.Sequence{Max: 3, Keyboard: true}, "qwertz", "sequence"},
		{pwpolicy.Sequence{Max: 3, Keyboard: true}, "йцук", "sequence"},
		{pwpolicy.Sequence{Max: 3, Keyboard: true}, "ЭЖДЛ", "sequence"},
		{pwpolicy.Sequence{Max: 3, Keyboard: true}, "qwe asd zxc qaz", ""},
		{pwpolicy.Sequence{Max: 3, Keyboard: true}, "p[]a", ""}, // off the row
	} {
		if got := found(t, policyOf(t, c.rule), c.password, account{}); got != c.want {
			t.Errorf("%+v, %q: got %q, want %q", c.rule, c.password, got, c.want)
		}
	}
}

func TestCharacters(t *testing.T) {
	two := pwpolicy.Characters{Required: []pwpolicy.RequiredSet{{Characters: "!?é", Min: 2}, {Characters: "0123456789", Min: 1}}}
	for _, c := range []struct {
		rule     pwpolicy.Characters
		password string
		want     string
	}{
		{pwpolicy.Characters{Forbidden: "<>"}, "a<b", "[{forbidden_characters map[characters:<>]}]"},
		{pwpolicy.Characters{Forbidden: "<>"}, "a=b", "[]"},
		{pwpolicy.Characters{Forbidden: "é"}, "e\u0301", "[{forbidden_characters map[characters:é]}]"},
		{pwpolicy.Characters{Allowed: "abc"}, "abcx", "[{forbidden_characters map[allowed:abc]}]"},
		{pwpolicy.Characters{Allowed: "abc"}, "cab", "[]"},
		{pwpolicy.Characters{Allowed: "abcé"}, "cabe\u0301", "[]"},
		{pwpolicy.Characters{Allowed: "ab", Forbidden: "x"}, "x", "[{forbidden_characters map[allowed:ab]} {forbidden_characters map[characters:x]}]"},
		{two, "abc", "[{missing_characters map[characters:!?é min:2]} {missing_characters map[characters:0123456789 min:1]}]"},
		{two, "!e\u03017", "[]"},
		{two, "!!!!!!", "[{missing_characters map[characters:0123456789 min:1]}]"},
	} {
		violations, err := policyOf(t, c.rule).Check(ctx, candidate(c.password, account{}), pwpolicy.PhaseLocal)
		if got := fmt.Sprint(violations); err != nil || got != c.want {
			t.Errorf("%+v, %q: got %s, %v, want %s", c.rule, c.password, got, err, c.want)
		}
	}
	want := "[{missing_characters map[characters:!?é min:2]} {missing_characters map[characters:0123456789 min:1]}]"
	if got := fmt.Sprint(policyOf(t, two).Requirements()); got != want {
		t.Errorf("requirements %s", got)
	}
}

func TestNotNumeric(t *testing.T) {
	for password, want := range map[string]string{
		"8317":           "numeric",
		"+44 (0)20 7946": "numeric",
		"12/12/1990":     "numeric",
		"１２３４":           "numeric",
		"\u0661\u0662٣":  "numeric",
		"²³⑫½⒈⑴":         "numeric",
		"1234x":          "",
		"1234!":          "",
		"1２３４ⅷ":          "", // a Roman numeral is letters
		"-- () --":       "",
		"𝟏𝟐":             "numeric",
		"12\u0301":       "",
	} {
		if got := found(t, policyOf(t, pwpolicy.NotNumeric{}), password, account{}); got != want {
			t.Errorf("%q: got %q, want %q", password, got, want)
		}
	}
}

// A class that nobody's script has is not asked for, and each has its own minimum.
func TestClasses(t *testing.T) {
	for _, c := range []struct {
		rule     pwpolicy.Classes
		password string
		want     string
	}{
		{pwpolicy.Classes{Upper: 2}, "Aa", "missing_class:upper"},
		{pwpolicy.Classes{Upper: 2}, "ÉÆ", ""},
		{pwpolicy.Classes{Upper: 1, Lower: 1}, "ひ", ""},
		{pwpolicy.Classes{Upper: 1}, "ǅ", ""}, // a title-case letter
		{pwpolicy.Classes{Digit: 2}, "1\u0662", ""},
		{pwpolicy.Classes{Digit: 1}, "½", "missing_class:digit"},
		{pwpolicy.Classes{Symbol: 1}, " ", ""},
		{pwpolicy.Classes{Symbol: 1}, "e\u0323\u0301", "missing_class:symbol"}, // a mark is part of its letter
		{pwpolicy.Classes{Symbol: 2, Digit: 1}, "\U0001F511-", "missing_class:digit"},
	} {
		if got := found(t, policyOf(t, c.rule), c.password, account{}); got != c.want {
			t.Errorf("%+v, %q: got %q, want %q", c.rule, c.password, got, c.want)
		}
	}
}

// every is one of each rule that judges a password by itself.
func every() []pwpolicy.Rule {
	return []pwpolicy.Rule{
		pwpolicy.Length{Max: 100}, pwpolicy.Classes{Upper: 1, Lower: 1, Digit: 1, Symbol: 1}, pwpolicy.NotNumeric{}, pwpolicy.NotLogin{},
		pwpolicy.Repeated{Max: 3}, pwpolicy.Sequence{Max: 3, Keyboard: true},
		pwpolicy.Characters{Forbidden: "<>é", Required: []pwpolicy.RequiredSet{{Characters: "!?ß", Min: 2}}},
		pwpolicy.NotCommon{Trim: true}, pwpolicy.NotSimilar{Context: []string{"Difference Engines Ltd"}},
		pwpolicy.Strength{MinBits: 30}, pwpolicy.MinAge{Hours: 1}, pwpolicy.MaxAge{Days: 90}, pwpolicy.NotReused{Last: 3},
	}
}

// person has many attributes.
func person() account {
	a := account{Username: "countess.lovelace", Email: "Ada.Lovelace@example.com", Mobile: "+15550000001", ChangedAt: time.Now()}
	for _, p := range []string{"Ada", "Lovelace", "1815-12-10", "12 St James's Square, London", "Analytical Society", "Ἀριάδνη"} {
		a.Personal = append(a.Personal, pwpolicy.Attribute{Name: "personal", Value: p})
	}
	return a
}

// TestViolationsRepeatNothing holds that no parameter tells the password or the
// value of an attribute (I7), whatever is typed.
func TestViolationsRepeatNothing(t *testing.T) {
	p := policyOf(t, every()...)
	a := person()
	own := []string{a.Username, a.Email, a.Mobile}
	for _, p := range a.Personal {
		own = append(own, p.Value)
	}
	for _, password := range append(own, "qwertyqwerty", "<<<<<canary>>>>>", "1234", "Lovelace-1815-canary") {
		violations, err := p.Check(ctx, candidate(password, a), pwpolicy.PhaseHistory)
		if err != nil || len(violations) == 0 {
			t.Errorf("%q: %v, %v", password, violations, err)
		}
		said := fmt.Sprint(violations)
		for _, secret := range append(own, password, "canary") {
			if len(secret) > 3 && strings.Contains(said, secret) {
				t.Errorf("%q: %s tells %q", password, said, secret)
			}
		}
	}
}

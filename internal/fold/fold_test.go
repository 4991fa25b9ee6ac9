package fold_test

import (
	"strings"
	"testing"

	"github.com/passwd-go/passwd/internal/fold"
)

func TestWidth(t *testing.T) {
	for in, want := range map[string]string{
		"":                      "",
		"PassWord1!":            "password1!",
		"ｐａｓｓＷＯＲＤ":              "password",
		"pass\u200bword":        "password",
		"pa\u00adss":            "pass",
		"ﬁrst":                  "first",
		"ПАРОЛЬ":                "пароль",
		"e\u0301":               "é",
		"plain then ÉCRU":       "plain then écru",
		"\U0001D429ass":         "pass", // mathematical bold
		strings.Repeat("Ａ", 40): strings.Repeat("a", 40),
	} {
		if got := string(fold.Width(nil, in, 1000)); got != want {
			t.Errorf("%+q: got %+q, want %+q", in, got, want)
		}
	}
}

func TestBase(t *testing.T) {
	for in, want := range map[string]string{
		"John.Smith":             "john.smith",
		"Müller":                 "muller",
		"Mu\u0308ller":           "muller",
		"Straße":                 "strasse",
		"İbrahim":                "ibrahim",
		"Yılmaz":                 "yilmaz",
		"n\u0430t\u0430sh\u0430": "natasha", // Cyrillic a
		"JОHN":                   "john",    // Cyrillic O
		"Γιάννης":                "Γiavvhσ", // both sides fold alike
		"김철수":                    "김철수",
		"מִרְיָם":                "מרים",
		"Hernández-López":        "hernandez-lopez",
		"jo\u200dhn":             "john",
		"Æsir Þór":               "aesir thor",
	} {
		want = strings.ReplaceAll(want, "Γ", "γ")
		if got, rest := fold.Base(in, 100); string(got) != want || rest != "" {
			t.Errorf("%+q: got %q and %q, want %q", in, string(got), rest, want)
		}
	}
}

func TestWidthOfASCIIAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() { buf = fold.Width(buf[:0], "PassWord of some length", 1000) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func TestBaseStops(t *testing.T) {
	for in, want := range map[string]string{"abcdef": "abc|def", "äöüéè": "aou|éè", "ab\u0301\u0302\u0303cd": "abc|d", "\u200b\u200babc": "abc|", "a": "a|"} {
		folded, rest := fold.Base(in, 3)
		if got := string(folded) + "|" + rest; got != want {
			t.Errorf("%+q: got %q, want %q", in, got, want)
		}
	}
}

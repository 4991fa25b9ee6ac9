package pwpolicy_test

import (
	"fmt"
	"testing"

	"github.com/passwd-go/passwd/pwpolicy"
)

func TestNotes(t *testing.T) {
	for password, want := range map[string]string{
		"":                               "[]",
		"several words, nothing to note": "[]",
		" copied":                        "[begins_with_space]",
		"copied ":                        "[ends_with_space]",
		"copied\n":                       "[ends_with_line_break]",
		"copied\r\n":                     "[ends_with_line_break]",
		"two\nlines":                     "[]",
		"a\ttab":                         "[tab]",
		"\ttab":                          "[begins_with_space tab]",
		"no\u00a0break":                  "[no_break_space]",
		"narrow\u202f!":                  "[no_break_space]",
		"ends\u00a0":                     "[ends_with_space no_break_space]",
		"全角\u3000スペース":                   "[wide_space]",
		"zero\u200bwidth":                "[invisible]",
		"soft\u00adhyphen":               "[invisible]",
		"\ufeffmark":                     "[invisible]",
		"bell\a":                         "[invisible]",
		"join\u200der":                   "[invisible]",
		"👩\u200d🚀 to the moon":           "[]",
		"\u0645\u06cc\u200c\u062e\u0648": "[]", // Persian
		"🏴\U000e0067\U000e007f":          "[]",
	} {
		if got := fmt.Sprint(pwpolicy.Notes(password)); got != want {
			t.Errorf("%q: %s, want %s", password, got, want)
		}
	}
}

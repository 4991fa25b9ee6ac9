package locale_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/pwpolicy"
)

// TestConcurrentFirstUse is for the race detector.
func TestConcurrentFirstUse(t *testing.T) {
	var wg sync.WaitGroup
	for range 8 {
		for i, p := range locale.Printers() {
			wg.Go(func() {
				if q := locale.Match(p.Language() + "-x-test, en;q=0.5"); q != p {
					t.Errorf("printer %d is %q", i, q.Language())
				}
				if p.Violation(pwpolicy.Violation{Code: pwpolicy.TooShort, Params: map[string]any{"min": 15}}) == "" {
					t.Error("no sentence")
				}
			})
		}
	}
	wg.Wait()
}

func TestMatch(t *testing.T) {
	megabyte := strings.Repeat("de-CH,", 1<<20/6)
	for _, tc := range []struct {
		preferences []string
		want        string
	}{
		{nil, "en"},
		{[]string{""}, "en"},
		{[]string{"", ""}, "en"},
		{[]string{"nl"}, "nl"},
		{[]string{"NL"}, "nl"},
		{[]string{"de-CH"}, "de"},
		{[]string{"de-Latn-AT-1996"}, "de"},
		{[]string{"de_AT"}, "de"}, // as accounts may have it
		{[]string{"de_DE.UTF-8"}, "de"},
		{[]string{"de@euro"}, "de"},
		{[]string{"de_DE.utf8@euro", "nl"}, "de"},
		{[]string{"he_IL.ISO-8859-8"}, "he"},
		{[]string{"pt_BR.UTF-8;q=0.5, it_IT@euro;q=0.7"}, "it"},
		{[]string{"C"}, "en"},
		{[]string{"C.UTF-8", "fr_FR.UTF-8"}, "fr"},
		{[]string{"POSIX", "nl"}, "nl"},
		{[]string{".UTF-8", "@", "es"}, "es"},
		{[]string{"no"}, "en"}, // Norwegian, of which there is no catalogue: whatever is asked for next
		{[]string{"no", "de"}, "de"},
		{[]string{"no, nb, nl;q=0.1"}, "nl"},
		{[]string{"no_NO.UTF-8", "ja"}, "ja"},
		{[]string{"en-GB"}, "en"},
		{[]string{"zh"}, "en"},
		{[]string{"zh-Hant-TW"}, "en"},
		{[]string{"sw"}, "en"},
		{[]string{"zh", "ja"}, "ja"},
		{[]string{"zh, ja;q=0.1"}, "ja"},
		{[]string{"iw"}, "he"},
		{[]string{"he-IL"}, "he"},
		{[]string{"pt-BR"}, "pt"},
		{[]string{"pt-PT"}, "pt"},
		{[]string{"es-419"}, "es"},
		{[]string{"fr-CA,fr;q=0.9,en;q=0.8"}, "fr"},
		{[]string{"ar-EG"}, "ar"},
		{[]string{"ar-MA, fr;q=0.9"}, "ar"},
		{[]string{"ja-JP"}, "ja"},
		{[]string{"en;q=0.3, de;q=0.7, nl;q=0.5"}, "de"},
		{[]string{"en;q=0.3,de;q=0,nl"}, "nl"},
		{[]string{"de;q=0"}, "en"},
		{[]string{"nl;q=0.5, de;q=0.5"}, "nl"},
		{[]string{"*"}, "en"},
		{[]string{"*, it;q=0.5"}, "it"},
		{[]string{"nl;q=NaN, de;q=0.1"}, "de"},
		{[]string{"!!, fr"}, "fr"},
		{[]string{"fr;level=1, nl"}, "nl"},
		{[]string{"x-klingon, nl"}, "nl"},
		{[]string{"\x00\xff\xfe"}, "en"},
		{[]string{"\x00", "it"}, "it"},
		{[]string{"en-" + strings.Repeat("a-", 1<<19)}, "en"},
		{[]string{strings.Repeat("-", 1<<20), "it"}, "it"},
		{[]string{megabyte}, "de"},
		{[]string{strings.Repeat("z", 1<<20)}, "en"},
		{[]string{strings.Repeat(",", 245) + "nl;q=0.5,den"}, "nl"}, // Slavey, which the limit would make German
		{[]string{strings.Repeat(",", 300) + "nl"}, "en"},
		{[]string{"nl", "de"}, "nl"},
		{[]string{"zh", "zh", "de, nl"}, "de"},
	} {
		if got := locale.Match(tc.preferences...).Language(); got != tc.want {
			t.Errorf("%.60q: %s, want %s", tc.preferences, got, tc.want)
		}
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("de-CH,de;q=0.9,en;q=0.8", "nl")
	f.Add("*;q=0.5, iw", "")
	f.Add("en-u-rg-chzzzz,x-a;q=1e9,\xff", "de_DE.UTF-8")
	f.Fuzz(func(t *testing.T, header, account string) {
		p := locale.Match(account, header)
		if p != locale.Match(p.Language()) || p != locale.Match(account, header) {
			t.Errorf("%q, %q: %q does not match itself", account, header, p.Language())
		}
		if d := locale.Direction(header); d != "ltr" && d != "rtl" {
			t.Errorf("%q: direction %q", header, d)
		}
	})
}

func TestDirection(t *testing.T) {
	for tag, want := range map[string]string{
		"en": "ltr", "nl": "ltr", "fr": "ltr", "de": "ltr", "es": "ltr", "pt": "ltr", "it": "ltr", "ja": "ltr", "ar": "rtl", "he": "rtl",
		"iw": "rtl", "fa": "rtl", "ur": "rtl", "ckb": "rtl", "ps": "rtl", "sd": "rtl", "ug": "rtl", "yi": "rtl", "dv": "rtl", "syr": "rtl",
		"nqo": "rtl", "ff-Adlm": "rtl", "rhg": "rtl", "ar-EG": "rtl", "az-Arab": "rtl", "az": "ltr", "az-Cyrl": "ltr", "ku": "ltr",
		"ku-Arab": "rtl", "pa-PK": "rtl", "pa": "ltr", "uz-AF": "rtl", "ar-Latn": "ltr", "he-Latn": "ltr", "und-Hebr": "rtl", "de-CH": "ltr",
		"zh-Hant": "ltr", "mn-Mong": "ltr", "": "ltr", "!!": "ltr", "ar_EG.UTF-8": "rtl", "he_IL@calendar": "rtl", "de_DE.UTF-8": "ltr", ".UTF-8": "ltr", "und": "ltr", strings.Repeat("a", 1<<20): "ltr",
	} {
		if got := locale.Direction(tag); got != want {
			t.Errorf("%.20q: %s, want %s", tag, got, want)
		}
	}
	for _, p := range locale.Printers() {
		if p.Direction() != locale.Direction(p.Language()) {
			t.Errorf("%s: %s", p.Language(), p.Direction())
		}
	}
	if (locale.Printer{}).Language() != "en" || locale.Printers()[0] != (locale.Printer{}) {
		t.Error("the zero Printer is not the English one")
	}
}

package locale_test

import (
	"testing"

	"github.com/passwd-go/passwd/locale"
)

func TestDevice(t *testing.T) {
	const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	for lang, want := range map[string]string{
		"en": "Firefox on Linux", "nl": "Firefox op Linux", "fr": "Firefox sur Linux", "de": "Firefox auf Linux", "es": "Firefox en Linux",
		"pt": "Firefox no Linux", "it": "Firefox su Linux", "ar": "Firefox (Linux)", "he": "Firefox (Linux)", "ja": "LinuxのFirefox",
	} {
		if got := locale.Match(lang).Device(firefox); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
	for agent, want := range map[string]string{"curl/8.15.0": "curl", "X11; Linux": "Linux", "call +15550000001": "", "": ""} {
		if got := (locale.Printer{}).Device(agent); got != want {
			t.Errorf("%q: %q, want %q", agent, got, want)
		}
	}
}

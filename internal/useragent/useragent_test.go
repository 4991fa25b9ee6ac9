package useragent_test

import (
	"strings"
	"testing"

	"github.com/passwd-go/passwd/internal/useragent"
)

// names joins what Names returns, for tables to read well.
func names(userAgent string) string {
	browser, system := useragent.Names(userAgent)
	if browser == "" || system == "" {
		return browser + system
	}
	return browser + " on " + system
}

func TestNames(t *testing.T) {
	const webkit = "Mozilla/5.0 (%s) AppleWebKit/537.36 (KHTML, like Gecko) "
	on := func(system, products string) string { return strings.Replace(webkit, "%s", system, 1) + products }
	for _, c := range []struct{ in, want string }{
		{"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"},
		{"Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox on Android"},
		{on("iPhone; CPU iPhone OS 18_6 like Mac OS X", "FxiOS/140.0 Mobile/15E148 Safari/605.1.15"), "Firefox on iPhone"},
		{on("iPhone; CPU iPhone OS 18_6 like Mac OS X", "Version/18.6 Mobile/15E148 Safari/604.1"), "Safari on iPhone"},
		{on("iPad; CPU OS 18_6 like Mac OS X", "CriOS/140.0.0.0 Mobile/15E148 Safari/604.1"), "Chrome on iPad"},
		{on("Macintosh; Intel Mac OS X 10_15_7", "Version/18.6 Safari/605.1.15"), "Safari on macOS"},
		{on("Windows NT 10.0; Win64; x64", "Chrome/140.0.0.0 Safari/537.36"), "Chrome on Windows"},
		{on("Windows NT 10.0; Win64; x64", "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"), "Edge on Windows"},
		{on("Windows NT 10.0; Win64; x64", "Chrome/140.0.0.0 Safari/537.36 OPR/120.0.0.0"), "Opera on Windows"},
		{on("Linux; Android 10; K", "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36"), "Samsung Internet on Android"},
		{on("X11; CrOS x86_64 14541.0.0", "Chrome/140.0.0.0 Safari/537.36"), "Chrome on ChromeOS"},
		{on("X11; Linux x86_64", "HeadlessChrome/140.0.0.0 Safari/537.36"), "Chrome on Linux"},
		{"Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko", "Internet Explorer on Windows"},
		{"curl/8.15.0", "curl"},
		{"Mozilla/5.0 (X11; Linux x86_64)", "Linux"},
		{"MyBank/1.0 call +15550000001 now", ""},
		{"", ""},
	} {
		if got := names(c.in); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

// Nothing of a header is repeated but names that are written here.
func TestNothingIsRepeated(t *testing.T) {
	const bait = "<b>call +15550000001</b>\r\n\u202e"
	if got := names(bait + " Firefox/" + bait + " Linux " + bait); got != "Firefox on Linux" {
		t.Errorf("%q", got)
	}
}

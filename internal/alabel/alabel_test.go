package alabel_test

import (
	"strings"
	"testing"

	"github.com/passwd-go/passwd/internal/alabel"
)

func TestHost(t *testing.T) {
	for host, want := range map[string]string{
		"app.example.com":       "app.example.com",
		"App.Example.COM":       "App.Example.COM",
		"127.0.0.1":             "127.0.0.1",
		"::1":                   "::1",
		"xn--bcher-kva.example": "xn--bcher-kva.example",
		"bücher.example":        "xn--bcher-kva.example",
		"BÜCHER.Example":        "xn--bcher-kva.example",
		"bu\u0308cher.example":  "xn--bcher-kva.example",
		"straße.example":        "xn--strae-oqa.example",
		"mañana.example.":       "xn--maana-pta.example.",
		"例え。テスト":                "xn--r8jz45g.xn--zckzah",
		"ｂücher．example":        "xn--bcher-kva.example",
		"مثال.إختبار":           "xn--mgbh0fb.xn--kgbechtv",
		"דוגמה.example":         "xn--6dbbec0c.example",
		"उदाहरण.परीक्षा":                       "xn--p1b6ci4b4b3a.xn--11b5bs3a9aj6g",
		"παράδειγμα.δοκιμή":                    "xn--hxajbheg2az3al.xn--jxalpdlp",
		"3年b組金八先生.example":                     "xn--3b-ww4c5e180e575a65lsy2b.example",         // RFC 3492 §7.1 (L)
		"他们为什么不说中文.example":                    "xn--ihqwcrb4cv8a8dqg056pqjye.example",         // (B)
		"почемужеонинеговорятпорусски.example": "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l.example", // (H)
	} {
		if got, err := alabel.Host(host); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", host, got, err, want)
		}
	}
	for _, host := range []string{
		"bü cher.example", "bücher..example", "-bücher.example", "bücher-.example", "\u0308bücher.example", "bücher\u200b.example",
		"bü/cher", "bü:80", "xn--bücher.example", "bü\xffcher", "☺.example", "bü\ufe0fcher.example", "İnci.example", "ᏣᎳᎩ.example", strings.Repeat("ü", 64) + ".example", strings.Repeat("bücher.", 60) + "example", strings.Repeat("ü", 1<<20),
	} {
		if got, err := alabel.Host(host); err == nil {
			t.Errorf("%.40q: %.80q, want an error", host, got)
		}
	}
}

func FuzzHost(f *testing.F) {
	f.Add("bücher.example")
	f.Add("例え。テスト")
	f.Fuzz(func(t *testing.T, host string) {
		got, err := alabel.Host(host)
		if err != nil {
			return
		}
		if again, err := alabel.Host(got); again != got || err != nil {
			t.Fatalf("%q is %q, and that %q, %v", host, got, again, err)
		}
		if len(got) != len([]rune(got)) {
			t.Fatalf("%q is %q, which is not ASCII", host, got)
		}
	})
}

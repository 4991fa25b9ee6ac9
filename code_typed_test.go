package passwd_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdtest"
)

// inDigits writes a code in the digits that begin with zero.
func inDigits(zero rune) func(string) string {
	return func(code string) string {
		return strings.Map(func(r rune) rune { return zero + r - '0' }, code)
	}
}

// A code is accepted as people and programs hand it on.
func TestCodeAsTyped(t *testing.T) {
	for name, write := range map[string]func(code string) string{
		"as it is":               func(c string) string { return c },
		"Arabic-Indic digits":    inDigits('٠'),
		"Persian digits":         inDigits('۰'),
		"Devanagari digits":      inDigits('०'),
		"full-width digits":      inDigits('０'),
		"bold digits":            inDigits('𝟎'),
		"Adlam digits":           inDigits('𞥐'),
		"digits of two scripts":  func(c string) string { return inDigits('٠')(c[:4]) + c[4:] },
		"isolates":               func(c string) string { return "\u2068" + c + "\u2069" },
		"isolates and a space":   func(c string) string { return "\u2068" + c + " \u2069" },
		"marks":                  func(c string) string { return "\u200f" + c[:4] + "\u200e" + c[4:] + "\ufeff" },
		"zero-width spaces":      func(c string) string { return strings.Join(strings.Split(c, ""), "\u200b") },
		"soft hyphen, joiner":    func(c string) string { return c[:4] + "\u00ad\u2060" + c[4:] },
		"no-break spaces":        func(c string) string { return "\u00a0" + c[:4] + "\u202f" + c[4:] },
		"ideographic space":      func(c string) string { return inDigits('０')(c[:4]) + "\u3000" + inDigits('０')(c[4:]) },
		"en dash":                func(c string) string { return c[:4] + "–" + c[4:] },
		"minus":                  func(c string) string { return c[:4] + "−" + c[4:] },
		"Japanese dash":          func(c string) string { return inDigits('０')(c[:4]) + "ー" + inDigits('０')(c[4:]) },
		"maqaf":                  func(c string) string { return c[:4] + "־" + c[4:] },
		"tabs and line ends":     func(c string) string { return "\t" + c + "\r\n" },
		"two lines":              func(c string) string { return c[:4] + "\r\n" + c[4:] },
		"variation selectors":    func(c string) string { return strings.Join(strings.Split(c, ""), "\ufe0e") },
		"invisible fillers":      func(c string) string { return "\u3164" + c + "\u2800\u034f" },
		"tag characters":         func(c string) string { return c + "\U000E0020\U000E007F" },
		"spaces between as many": func(c string) string { return strings.Join(strings.Split(c, ""), "   ") },
	} {
		t.Run(name, func(t *testing.T) {
			kit := passwdtest.New(t, passwd.Config{})
			kit.Add(t, ada(), adaPassword)
			request, code := requestCode(t, kit, "ada")
			typed := passwd.OneTimeCode(write(string(code)))
			if _, err := kit.Service.RedeemCode(ctx, passwd.RedeemCode{Request: request, Code: typed, Client: home}); err != nil {
				t.Errorf("%q: %v", string(typed), err)
			}
		})
	}
}

// What is no code is none, however much of it is.
func TestNoCode(t *testing.T) {
	for _, typed := range []string{
		"", "1234567", "123456789", "1234567x", "12345678.", "+12345678", "１２３４５６７", "¹²³⁴⁵⁶⁷⁸", "①②③④⑤⑥⑦⑧", "一二三四五六七八",
		"12345678\xff", "12345678" + strings.Repeat(" ", 249), strings.Repeat("1", 1<<20), strings.Repeat("\u2068", 1<<20) + "12345678", "1234\u03085678",
	} {
		if got := passwd.Digits(typed); got != "" {
			t.Errorf("%.20q is %q", typed, got)
		}
	}
}

// Every decimal digit that there is has the value of its place in its set of ten.
func TestDecimalDigits(t *testing.T) {
	n := 0
	check := func(lo, hi, stride rune) {
		if stride != 1 || (hi-lo+1)%10 != 0 {
			t.Fatalf("%U to %U by %d are no sets of ten", lo, hi, stride)
		}
		for r := lo; r <= hi; r++ {
			n++
			if got, want := passwd.Digits(strings.Repeat(string(r), 8)), strings.Repeat(string('0'+(r-lo)%10), 8); got != want {
				t.Errorf("%U: %q, want %q", r, got, want)
			}
		}
	}
	for _, r := range unicode.Nd.R16 {
		check(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	for _, r := range unicode.Nd.R32 {
		check(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	if n < 600 {
		t.Errorf("%d digits only", n)
	}
}

func FuzzCodeTyped(f *testing.F) {
	f.Add("12345678", "\u2068", " ", "\u2069")
	f.Add("١٢٣٤٥٦٧٨", "", "–", "\r\n")
	f.Add("１２３４ー５６７８", "\u3000", "x", "\xff")
	f.Fuzz(func(t *testing.T, typed, before, between, after string) {
		got := passwd.Digits(typed)
		if got != "" && (len(got) != 8 || strings.Trim(got, "0123456789") != "") {
			t.Fatalf("%q is %q", typed, got)
		}
		if got == "" {
			return
		}
		if again := passwd.Digits(got); again != got {
			t.Fatalf("%q is %q, and that %q", typed, got, again)
		}
		// What surrounds a code makes it another only by being no ornament.
		for _, r := range before + between + after {
			if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsPunct(r) && !unicode.In(r, unicode.Dash, unicode.Pd) {
				return
			}
		}
		decorated := before + got[:3] + between + got[3:] + after
		if again := passwd.Digits(decorated); again != "" && again != got {
			t.Fatalf("%q is %q, not %q", decorated, again, got)
		}
	})
}

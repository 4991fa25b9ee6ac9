package estimate_test

import (
	"bufio"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestCases holds the acceptance of the cases: none of the good ones is refused,
// and most of the bad ones are.
func TestCases(t *testing.T) {
	level := map[string]float64{"long": longBits, "short": shortBits}
	missed, of := map[string]int{}, map[string]int{}
	for _, c := range policyCases(t) {
		kind := c.Kind + " " + c.Verdict
		of[kind]++
		r := at2026.Estimate(c.Password, caseOwner...)
		if refused := r.Bits < level[c.Kind]; refused != (c.Verdict == "bad") && c.Verdict != "either" {
			missed[kind]++
			t.Logf("%s: %q, %.1f bits, %s", kind, c.Password, r.Bits, r.Weak)
		}
	}
	t.Logf("%v of %v are judged otherwise", missed, of)
	if missed["long bad"]*100 > of["long bad"]*5 || missed["short bad"]*10 > of["short bad"] || missed["long good"] > 0 {
		t.Errorf("too many are judged otherwise: %v", missed)
	}
}

// TestAttacksAreRefused holds that 95 % of what attackers try is refused, family
// by family of testdata/attacks.txt.
func TestAttacksAreRefused(t *testing.T) {
	f, err := os.Open("testdata/attacks.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	level, missed, all := float64(longBits), 0, 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "# ") {
			if lines.Text() == "# short" {
				level = shortBits
			}
			continue
		}
		all++
		if r := at2026.Estimate(lines.Text(), caseOwner...); r.Bits >= level {
			missed++
			t.Logf("%q: %.1f bits, %s", lines.Text(), r.Bits, r.Weak)
		}
	}
	if all < 400 || missed*20 > all {
		t.Errorf("%d of %d are not refused", missed, all)
	}
}

// cores are words that people make passwords of.
var cores = strings.Fields(`password passwort motdepasse contraseña senha wachtwoord parola haslo пароль salasana lösenord heslo şifre
	admin administrator root guest welcome letmein changeme secret geheim login summer winter frühling verano automne estate zomer осень
	january februar mars septiembre outubro monday freitag mercredi sábado woensdag пятница hello hallo bonjour hola ciao olá privet привет שלום مرحبا
	iloveyou jetaime teamo tiamo euteamo ichliebedich ikhouvanjou люблю woaini aishiteru dragon monkey football sunshine princess
	soleil schatz amore amor liefde michael jessica thomas maria alexander london berlin paris madrid amsterdam moscow tokyo germany
	france españa brasil google facebook microsoft samsung ferrari mercedes arsenal juventus bayern starwars pokemon batman qwerty
	asdfgh qwertz azerty abc123 1q2w3e qazwsx gfhjkm ghbdtn dkssud`)

// decorations are what people do to a word that a policy refuses.
var decorations = map[string]func(word string, n int) string{
	"again": func(w string, n int) string { return strings.Repeat(w, n/utf8.RuneCountInString(w)+1) },
	"count": func(w string, n int) string { return w + "12345678901234567890"[:max(3, n-utf8.RuneCountInString(w))] },
	"year": func(w string, n int) string {
		return title(w) + "2026" + strings.Repeat("!", max(1, n-4-utf8.RuneCountInString(w)))
	},
	"twice year": func(w string, n int) string { return w + "2025" + w + "2026" },
	"before": func(w string, n int) string {
		return "123" + w + strings.Repeat("1", max(1, n-3-utf8.RuneCountInString(w)))
	},
	"backwards":  func(w string, n int) string { return decorated(reversed(w)+reversed(w), n) },
	"leet":       func(w string, n int) string { return decorated(leet.Replace(w)+leet.Replace(w), n) },
	"spaced":     func(w string, n int) string { return strings.Join(strings.Split(w+w, ""), " ") },
	"dotted":     func(w string, n int) string { return title(strings.Join(strings.Split(w+w, ""), ".")) },
	"capitals":   func(w string, n int) string { return decorated(strings.ToUpper(w)+w, n) },
	"tail":       func(w string, n int) string { return decorated(w+"-"+w+"-"+w, n) },
	"in symbols": func(w string, n int) string { return "***" + decorated(w, n) + "***" },
	"runs":       func(w string, n int) string { return runs(w, n/utf8.RuneCountInString(w)+1) },
	"wide":       func(w string, n int) string { return wide(decorated(w+w, n)) },
}

var leet = strings.NewReplacer("a", "@", "e", "3", "i", "1", "o", "0", "s", "$")

func title(w string) string {
	_, n := utf8.DecodeRuneInString(w)
	return strings.ToUpper(w[:n]) + w[n:]
}

func reversed(w string) string {
	r := []rune(w)
	slices.Reverse(r)
	return string(r)
}

// decorated makes n characters of a word.
func decorated(w string, n int) string {
	const digits = "1234567890123456"
	return w + digits[:min(len(digits), max(1, n-utf8.RuneCountInString(w)))]
}

func runs(w string, n int) string {
	var b strings.Builder
	for _, r := range w {
		b.WriteString(strings.Repeat(string(r), n))
	}
	return b.String()
}

// wide writes ASCII in full width.
func wide(w string) string {
	return strings.Map(func(r rune) rune {
		if '!' <= r && r <= '~' {
			return r + 0xFEE0
		}
		return r
	}, w)
}

// TestFamiliesAreRefused makes every word into passwords of 15 characters or more
// in every way, and refuses 95 % of each.
func TestFamiliesAreRefused(t *testing.T) {
	for name, decorate := range decorations {
		missed := 0
		for _, word := range cores {
			password := decorate(word, 15)
			if r := at2026.Estimate(password, caseOwner...); r.Bits >= longBits {
				missed++
				t.Logf("%s: %q, %.1f bits, %s", name, password, r.Bits, r.Weak)
			}
		}
		if missed*20 > len(cores) {
			t.Errorf("%s: %d of %d are not refused", name, missed, len(cores))
		}
	}
}

// TestShortFamiliesAreRefused does so with what policies of classes make people
// add.
func TestShortFamiliesAreRefused(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 17))
	missed, all := 0, 0
	for _, word := range cores {
		for range 5 {
			digits := []string{"1", "12", "123", "2026", "26", strconv.Itoa(1970 + rng.IntN(56))}[rng.IntN(6)]
			symbol := []string{"!", "?", ".", "#", "@", "!!", "$", "*"}[rng.IntN(8)]
			password := title(word) + []string{digits + symbol, symbol + digits}[rng.IntN(2)]
			if all++; at2026.Estimate(password, caseOwner...).Bits >= shortBits {
				missed++
				t.Logf("%q", password)
			}
		}
	}
	if missed*10 > all {
		t.Errorf("%d of %d are not refused", missed, all)
	}
}

// TestWalks holds that a walk over a keyboard is seen on every layout, straight,
// diagonal and alternating, however long, and a word that was typed on another.
func TestWalks(t *testing.T) {
	for _, password := range []string{
		"qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn", "йцукенгшщзхъфывапролджэ",
		"',.pyfgcrlaoeuidhtns", "1qaz2wsx3edc4rfv5tgb6yhn", "!QAZ2wsx#EDC4rfv%TGB", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0",
		"zaq12wsxcde34rfvbgt56yhn", "qweasdzxcqweasdzxc", "123qweasdzxc456rtyfghvbn", "147258369147258369", "789456123789456123",
		"159357159357159357", "poiuytrewqlkjhgfdsamnbvcxz", "0okm9ijn8uhb7ygv6tfc", "qazxswedcvfrtgbnhyujm", "йфяцычувскамепинртгоь",
		"зфыыцщквзфыыцщкв", "pqsszord12345678", "p\u0430sswordp\u0430ssword", "\u0440\u0430ss\u051dord2026!!", // typed elsewhere, or looking the same
		"1й2ц3у4к5е6н7г8ш9щ", "asdf;lkjasdf;lkj", "jklöjklöjklöjklö", "yxcvbnmasdfghjklqwertz",
	} {
		if r := at2026.Estimate(password); r.Bits >= longBits {
			t.Errorf("%q: %.1f bits, %s", password, r.Bits, r.Weak)
		}
	}
}

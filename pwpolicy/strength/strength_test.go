package strength_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/passwd-go/passwd/pwpolicy/strength"
)

// meter lives in 2026, whenever the tests run.
var meter = strength.Meter{Now: func() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) }}

func TestReasons(t *testing.T) {
	for _, c := range []struct {
		password string
		inputs   []string
		score    int
		reasons  string
	}{
		{"", nil, 0, "short"},
		{"x", nil, 0, "short"},
		{"password", nil, 0, "common_password"},
		{"Password", nil, 0, "common_password"},
		{"pAsSwOrD", nil, 0, "common_password"},
		{"p4$$w0rd", nil, 0, "common_password substitutions"},
		{"p@55w0rd", nil, 0, "common_password substitutions"}, // two characters for one letter
		{"drowssap", nil, 0, "common_password reversed"},
		{"dr0wss@p", nil, 0, "common_password substitutions reversed"},
		{"passwordpassword", nil, 0, "common_password repeat"},
		{"PasswordPASSWORDpassword", nil, 0, "common_password repeat"},
		{"aaaaaaaaaaaaaaaaaaaaa", nil, 0, "repeat"},
		{"kX9$kX9$kX9$kX9$", nil, 1, "repeat"},
		{"abcdefghijklmnop", nil, 0, "sequence"},
		{"zyxwvutsrqponm", nil, 0, "sequence"},
		{"acegikmoqsuwy", nil, 0, "sequence"},
		{"zxcvfdsaqwer", nil, 2, "keyboard"},
		{"12/12/1990", nil, 1, "date"},
		{"x12/12/1990", nil, 1, "date"},
		{"12/12/1990x", nil, 1, "date"},
		{"1990.12.12", nil, 1, "date"},
		{"31121990", nil, 1, "date"},
		{"99/99/1990xq", nil, 2, "repeat date"}, // no date, but a year
		{"2025", nil, 0, "date"},
		{"2041", nil, 1, "date"}, // 20/4/1, no year yet
		{"quentinq", nil, 1, "name"},
		{"countess-of-lovelace", []string{"Countess.of.Lovelace"}, 2, "personal"},
		{"c0unt3ss", []string{"ada", "Countess"}, 0, "personal substitutions"},
		{"ssetnuoC", []string{"ada", "Countess"}, 0, "personal reversed"},
		{"наташа", []string{"Наташа"}, 0, "personal"},
		{"zq9", []string{"zq9"}, 0, "personal"},
		{"v7$Kq!pW2z^m", nil, 4, ""},
	} {
		r := meter.Estimate(c.password, c.inputs...)
		if got := join(r.Reasons); r.Score != c.score || got != c.reasons {
			t.Errorf("%q: score %d (%.1f bits), %q, want %d, %q", c.password, r.Score, r.Bits, got, c.score, c.reasons)
		}
	}
}

// TestUnicode holds that a character is a character, whatever its bytes, and that
// what looks the same is estimated the same.
func TestUnicode(t *testing.T) {
	for _, same := range [][]string{
		{"password", "pass\u200bword", "ｐａｓｓｗｏｒｄ", "\ufeffpassword", "p\u00e4ssword", "pa\u0308ssword", "pass\u00adword"},
		{"Strasse", "Stra\u00dfe"},
		{"qwertyuiop", "йцукенгшщз"},
		{"e\u0301te\u0301", "\u00e9t\u00e9", "ete"},
		{"12341234", "١٢٣٤١٢٣٤", "１２３４１２３４"},
	} {
		for _, s := range same {
			if got, want := meter.Estimate(s), meter.Estimate(same[0]); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%q: %v, %q: %v", s, got, same[0], want)
			}
		}
	}
	for _, c := range []struct {
		password string
		most     int
	}{
		{"密码密码", 1},
		{"йцукен", 1},
		{"пароль", 1},
		{"密码", 0},
		{"😀😀😀😀😀😀", 0},
		{"👨\u200d👩\u200d👧", 1},
		{"\xff\xfe\xfd", 1},
	} {
		if r := meter.Estimate(c.password); r.Score > c.most {
			t.Errorf("%q: score %d, want at most %d", c.password, r.Score, c.most)
		}
	}
	if r := meter.Estimate("春眠不觉晓处处闻啼鸟夜来风雨声"); r.Score != 4 {
		t.Errorf("15 different characters: score %d", r.Score)
	}
}

func TestYearsMoveOn(t *testing.T) {
	at := func(year int) strength.Meter {
		return strength.Meter{Now: func() time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }}
	}
	near, far := at(2040).Estimate("yzq2041").Bits, at(2026).Estimate("yzq2041").Bits
	if near >= far {
		t.Errorf("2041 costs %.1f bits in 2040, %.1f in 2026", near, far)
	}
}

func TestFeedback(t *testing.T) {
	for _, c := range []struct {
		password, feedback string
	}{
		{"", "add_words"},
		{"xq", "add_words"},
		{"p4$$w0rd", "add_words avoid_common avoid_substitutions"},
		{"johnsmith1990", "add_words avoid_common avoid_dates"},
		{"v7$Kq!pW2z^m", ""},
	} {
		if got := join(meter.Estimate(c.password).Feedback); got != c.feedback {
			t.Errorf("%q: %q, want %q", c.password, got, c.feedback)
		}
	}
}

// TestOnly64CharactersCount holds that what is beyond costs nothing and changes
// nothing (I8).
func TestOnly64CharactersCount(t *testing.T) {
	for _, s := range []string{"a", "4@8({[<3", "qwepoiasd", "pässwörd1", "密码", "p\u200b4", "12/11/90 ", "\xff", "\ufdfa"} {
		short := meter.Estimate(strings.Repeat(s, 64))
		for _, times := range []int{256, 4096 / len(s), 1 << 20} {
			long := meter.Estimate(strings.Repeat(s, times))
			if fmt.Sprint(short) != fmt.Sprint(long) {
				t.Errorf("%q: 64 times %v, %d times %v", s, short, times, long)
			}
		}
	}
}

// TestAllocationCeiling bounds the work on the worst input that
// BenchmarkWorstInput has found, by what does not depend on the machine.
func TestAllocationCeiling(t *testing.T) {
	var inputs []string
	for n := range 64 {
		inputs = append(inputs, strings.Repeat("i", n), strings.Repeat("l", n))
	}
	for _, s := range []string{strings.Repeat("1", 4096), strings.Repeat("a", 4096), strings.Repeat("1|7", 1365), strings.Repeat("password1", 455)} {
		if n := testing.AllocsPerRun(10, func() { meter.Estimate(s, inputs...) }); n > 6000 {
			t.Errorf("%.9q…: %.0f allocations", s, n)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	words := []string{"password", "p4$$w0rd", "correct horse battery", "12/12/1990", "йцукен", "qwertyqwerty"}
	want := make([]string, len(words))
	for i, w := range words {
		want[i] = fmt.Sprint(meter.Estimate(w, "horse"))
	}
	var wg sync.WaitGroup
	for g := range 32 {
		wg.Go(func() {
			for i := range 60 {
				w := (g + i) % len(words)
				if got := fmt.Sprint(meter.Estimate(words[w], "horse")); got != want[w] {
					t.Errorf("%q: %s, alone %s", words[w], got, want[w])
				}
			}
		})
	}
	wg.Wait()
}

func FuzzEstimate(f *testing.F) {
	for _, s := range []string{"", "password", "12/12/1990", "1|7", "йцукен", "\xff\x00", "👨\u200d👩\u200d👧", strings.Repeat("abcab", 13), "\ufdfa\ufdfa"} {
		f.Add(s, "Ada.Lovelace@example.com")
	}
	f.Add("a\u0300\u0301aa", strings.Repeat("é", 200))
	f.Fuzz(func(t *testing.T, password, input string) {
		r := meter.Estimate(password, input, "other input")
		if again := meter.Estimate(password, input, "other input"); fmt.Sprint(again) != fmt.Sprint(r) {
			t.Fatalf("first %v, then %v", r, again)
		}
		if r.Score < 0 || r.Score > 4 || !(r.Bits >= 0) || math.IsInf(r.Bits, 0) || r.Reasons == nil || r.Feedback == nil {
			t.Fatalf("result %v", r)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Fatal(err)
		}
		// Who knows more needs no more guesses.
		if without := meter.Estimate(password); r.Bits > without.Bits+0.001 {
			t.Fatalf("%.3f bits with user inputs, %.3f without", r.Bits, without.Bits)
		}
	})
}

// TestNoResultHoldsThePassword walks through the text of results (I7).
func TestNoResultHoldsThePassword(t *testing.T) {
	known := map[string]bool{}
	for _, password := range []string{"Zanzibar!7", "password1", "ada.lovelace", "00000000000000000", "qwertyuiop"} {
		r := meter.Estimate(password, "ada.lovelace")
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), password) {
			t.Errorf("%q is in %s", password, text)
		}
		for _, code := range r.Reasons {
			known[string(code)] = true
		}
		for _, code := range r.Feedback {
			known[string(code)] = true
		}
	}
	for code := range known {
		if strings.ContainsFunc(code, func(r rune) bool { return r != '_' && !unicode.IsLower(r) }) {
			t.Errorf("code %q", code)
		}
	}
}

func join[T ~string](codes []T) string {
	var all []string
	for _, c := range codes {
		all = append(all, string(c))
	}
	if !slices.Equal(all, slices.Compact(slices.Clone(all))) {
		return "twice: " + strings.Join(all, " ")
	}
	return strings.Join(all, " ")
}

package estimate_test

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd/internal/estimate"
)

func heap(t *testing.T) uint64 {
	t.Helper()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestWeakness holds what a weak password is said to be.
func TestWeakness(t *testing.T) {
	for password, want := range map[string]string{
		"":                           "few_characters",
		"xq7":                        "few_characters",
		"Password":                   "common_password",
		"p4$$w0rd!":                  "common_password_with_symbols",
		"drowssap123":                "common_password_with_digits",
		"Summer2026!":                "common_word_with_year",
		"Frühling99":                 "common_word_with_digits",
		"to be or not to be":         "famous_phrase",
		"correcthorsebatterystaple1": "famous_phrase_with_digits",
		"onetwothreefourfive":        "sequence",
		"abcdefghijklmnop":           "sequence",
		"!QAZ2wsx#EDC4rfv":           "keyboard_walk",
		"фывапролджэячсмить":         "keyboard_walk",
		"aaaaaaaaaaaaaaaa":           "repetition",
		"ѭѭѭѭѭѭѭѭ":                   "repetition",
		"14.12.1990":                 "date",
		"31415926535897932":          "known_number",
		"Mueller2026":                "personal",
		"sunshine01701234567":        "personal",
		"пароль":                     "common_password",
		"gfhjkm":                     "common_password",
		"ghbdtn123":                  "common_word_with_digits",
		"パスワード":                      "common_password",
		"密码密码密码":                     "common_password",
		"p a s s w o r d":            "common_password",
	} {
		if r := at2026.Estimate(password, caseOwner...); string(r.Weak) != want {
			t.Errorf("%q: %s (%.1f bits, %b), want %s", password, r.Weak, r.Bits, r.Why, want)
		}
	}
}

// TestCharactersAreWhatAPersonSees holds that marks, joiners and the like neither
// add to a password nor hide what it is.
func TestCharactersAreWhatAPersonSees(t *testing.T) {
	for _, same := range [][]string{
		{"password", "pass\u200bword", "ｐａｓｓｗｏｒｄ", "\ufeffpassword", "pa\u0308ssword", "pass\u00adword", "p\u0301\u0302\u0303assword"},
		{"Strasse", "Stra\u00dfe"},
		{"e\u0301te\u0301", "\u00e9t\u00e9", "ete"},
		{"12341234", "١٢٣٤١٢٣٤", "１２３４１２３４"},
		{"👍", "👍🏽", "👩\u200d🚀", "👩🏽\u200d🚀", "🇩🇪", "👨\u200d👩\u200d👧"},
		{strings.Repeat("👩\u200d🚀", 5), "👍👍👍👍👍", strings.Repeat("🇩🇪", 5)},
	} {
		want := at2026.Estimate(same[0])
		for _, s := range same {
			if got := at2026.Estimate(s); got.Bits != want.Bits {
				t.Errorf("%q: %.2f bits, %q: %.2f", s, got.Bits, same[0], want.Bits)
			}
		}
	}
	for _, s := range []string{
		strings.Repeat("a", 4096), strings.Repeat("\u0301", 2048), "e" + strings.Repeat("\u0301", 2000), strings.Repeat("🇩🇪", 512),
		strings.Repeat("🇩", 1024), strings.Repeat("👩\u200d🚀", 372), strings.Repeat("é", 2048), strings.Repeat(" ", 4096), "\u200b\u200b\u200b",
	} {
		if r := at2026.Estimate(s); r.Bits >= shortBits {
			t.Errorf("%.12q… of %d bytes: %.1f bits", s, len(s), r.Bits)
		}
	}
}

// TestTheEndCounts holds that a weak beginning does not hide a strong end.
func TestTheEndCounts(t *testing.T) {
	for _, s := range []string{strings.Repeat("a", 64) + "v7$Kq!pW2z^mXb0R", strings.Repeat("password", 20) + "herd code caps idle stag grub"} {
		if r := at2026.Estimate(s); r.Bits < 38 {
			t.Errorf("%q: %.1f bits", s, r.Bits)
		}
	}
}

func TestYearsMoveOn(t *testing.T) {
	at := func(year int) estimate.Estimator {
		return estimate.Estimator{Now: func() time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }}
	}
	near, far := at(2060).Estimate("yzqk2061").Bits, at(2026).Estimate("yzqk2061").Bits
	if near >= far {
		t.Errorf("2061 costs %.1f bits in 2060, %.1f in 2026", near, far)
	}
}

func TestConcurrentUse(t *testing.T) {
	passwords := []string{"password", "p4$$w0rd", "correct horse battery", "12/12/1990", "йцукен", "qwertyqwerty"}
	want := make([]string, len(passwords))
	for i, p := range passwords {
		want[i] = fmt.Sprint(at2026.Estimate(p, "horse"))
	}
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := range 30 {
				k := (g + i) % len(passwords)
				if got := fmt.Sprint(at2026.Estimate(passwords[k], "horse")); got != want[k] {
					t.Errorf("%q: %s, alone %s", passwords[k], got, want[k])
				}
			}
		})
	}
	wg.Wait()
}

func FuzzEstimate(f *testing.F) {
	for _, s := range append([]string{"", "password", "12/12/1990", "йцукен", "\xff\x00", "👨\u200d👩\u200d👧", strings.Repeat("abcab", 13), "\ufdfa\ufdfa"}, pieces...) {
		f.Add(s, "Ada.Lovelace@example.com")
	}
	f.Add("a\u0300\u0301aa", strings.Repeat("é", 200))
	f.Fuzz(func(t *testing.T, password, known string) {
		for _, e := range []estimate.Estimator{at2026, {Now: at2026.Now, Reference: true}} {
			r := e.Estimate(password, known, "other value")
			if again := e.Estimate(password, known, "other value"); again != r {
				t.Fatalf("first %v, then %v", r, again)
			}
			if !(r.Bits >= 0) || math.IsInf(r.Bits, 0) || r.Weak == "" {
				t.Fatalf("result %v", r)
			}
			// Who knows more needs no more guesses.
			if without := e.Estimate(password); r.Bits > without.Bits+0.01 {
				t.Fatalf("%.3f bits with what is known, %.3f without", r.Bits, without.Bits)
			}
		}
		estimate.Bytes(password, 24)
	})
}

package locale_test

import (
	"testing"

	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/pwpolicy"
)

// BenchmarkFirstUse is what the first sentence in a language costs.
func BenchmarkFirstUse(b *testing.B) {
	for _, lang := range []string{"en", "ar"} {
		b.Run(lang, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := locale.Read(lang); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkViolation(b *testing.B) {
	v := pwpolicy.Violation{Code: pwpolicy.TooShort, Params: map[string]any{"min": 15}}
	for _, lang := range []string{"en", "ar"} {
		b.Run(lang, func(b *testing.B) {
			b.ReportAllocs()
			p := locale.Match(lang)
			for b.Loop() {
				p.Violation(v)
			}
		})
	}
}

func BenchmarkDescribe(b *testing.B) {
	b.ReportAllocs()
	requirements := pwpolicy.Conventional().Requirements()
	for b.Loop() {
		locale.Printer{}.Describe(requirements)
	}
}

func BenchmarkMatch(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		locale.Match("de-CH,de;q=0.9,en;q=0.8,fr;q=0.7")
	}
}

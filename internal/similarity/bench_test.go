package similarity_test

import (
	"strings"
	"testing"

	"github.com/passwd-go/passwd/internal/similarity"
)

func BenchmarkFind(b *testing.B) {
	b.Run("16 characters, 6 sources", func(b *testing.B) {
		b.ReportAllocs()
		sources := []similarity.Source{{Value: "jsmith"}, {Value: "john.smith@example.com"}, {Value: "+14155550134"}, {Value: "Jonathan"}, {Value: "Smithers"}, {Value: "1987-04-22"}}
		for b.Loop() {
			similarity.Find("velvet-tuba-7491", sources)
		}
	})
	b.Run("hostile", func(b *testing.B) {
		b.ReportAllocs()
		password, sources := hostile()
		for b.Loop() {
			similarity.Find(password, sources)
		}
	})
}

// hostile is a password of 4,096 bytes that is never quite similar, and 34
// sources whose tokens nearly match everywhere.
func hostile() (string, []similarity.Source) {
	var sources []similarity.Source
	for i := range 34 {
		a := string(rune('a' + i%26))
		sources = append(sources, similarity.Source{Value: strings.Repeat("1ab"+a+"l", 1+i%12) + " " + strings.Repeat(a+"10t7", 5) + " " + a + "bl Ibl@1lt" + a})
	}
	return strings.Repeat("l1|i!t7+ab-L.T_q", 256), sources
}

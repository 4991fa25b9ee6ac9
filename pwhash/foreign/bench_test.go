package foreign_test

import (
	"testing"

	"github.com/passwd-go/passwd/pwhash/foreign"
)

// Counting a table must not take longer than reading it.
func BenchmarkDetect(b *testing.B) {
	for b.Loop() {
		if len(foreign.Detect(samples[foreign.Bcrypt])) == 0 {
			b.Fatal("nothing")
		}
	}
}

package redislimit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/redislimit"
)

// A take each, of a key that is not refused.
func BenchmarkTake(b *testing.B) {
	client := connect(b)
	limit := passwd.Limit{Free: 1 << 40, Window: time.Hour}
	for _, l := range []struct {
		name string
		passwd.Limiter
	}{
		{"memory", passwd.NewMemoryLimiter(0)},
		{"redis", limiter(b, redislimit.Config{Client: client, Prefix: prefix(b, client)})},
	} {
		b.Run(l.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				take(b, l, "key", limit, noon)
			}
		})
		b.Run(l.name+"/parallel", func(b *testing.B) {
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					take(b, l, fmt.Sprint("key", i%64), limit, noon)
				}
			})
		})
	}
}

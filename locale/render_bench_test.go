package locale_test

import (
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
)

func BenchmarkNewRenderer(b *testing.B) {
	for name, c := range map[string]locale.RenderConfig{
		"zero":      {},
		"templates": {Templates: templates("layout.html", `{{define "header"}}{{.Name}}{{end}}`)},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := locale.NewRenderer(c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRender(b *testing.B) {
	r := renderer(b, example)
	for _, channel := range []passwd.Channel{passwd.EmailChannel, passwd.SMSChannel} {
		b.Run(string(channel), func(b *testing.B) {
			b.ReportAllocs()
			m := message(passwd.MessageResetLink, channel, "ar")
			for b.Loop() {
				render(b, r, m)
			}
		})
	}
}

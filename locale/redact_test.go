package locale_test

import (
	"testing"

	"github.com/passwd-go/passwd/internal/redacttest"
	"github.com/passwd-go/passwd/locale"
)

func TestRedacted(t *testing.T) { // I7
	redacttest.Check(t, ".", nil, locale.View{})
	m := locale.Mail{Subject: redacttest.Canary, Text: redacttest.Canary, HTML: redacttest.Canary}
	redacttest.Check(t, ".", nil, locale.View{}, &m)
}

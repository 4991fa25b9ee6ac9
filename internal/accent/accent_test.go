package accent_test

import (
	"testing"

	"github.com/passwd-go/passwd/internal/accent"
)

// Every colour ends up readable, and one that is stays as it is.
func TestReadable(t *testing.T) {
	for _, background := range []string{"#ffffff", "#f1f2f6", "#17171b", "#777777"} {
		on, err := accent.Parse(background)
		if err != nil {
			t.Fatal(err)
		}
		for r := 0; r < 256; r += 17 {
			for g := 0; g < 256; g += 17 {
				for b := 0; b < 256; b += 17 {
					c := accent.Colour{byte(r), byte(g), byte(b)}
					got := c.ReadableOn(on)
					if accent.Contrast(got, on) < accent.Readable || accent.Contrast(c, on) >= accent.Readable && got != c {
						t.Errorf("%v on %v is %v", c, on, got)
					}
					if accent.Contrast(c, c.On()) < accent.Readable {
						t.Errorf("%v on %v", c.On(), c)
					}
				}
			}
		}
	}
}

func TestParse(t *testing.T) {
	if c, err := accent.Parse("#7A1fa2"); err != nil || c.String() != "#7a1fa2" || c.On() != accent.White {
		t.Errorf("%v, %v", c, err)
	}
	for _, bad := range []string{"", "#fff", "7a1fa2", "#7a1fa2ff", "#gggggg", "red", "#7a1fa2;}"} {
		if _, err := accent.Parse(bad); err == nil {
			t.Errorf("%q is a colour", bad)
		}
	}
}

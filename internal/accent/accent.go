// Package accent has the colour of a brand: what can be read on it, and how far it has to
// be darkened or lightened to be read itself. Contrasts are those of WCAG 2.
package accent

import (
	"encoding/hex"
	"errors"
	"math"
	"strings"
)

// Default is the accent of the pages and mails.
const Default = "#1a4fb4"

// Colour is one of sRGB.
type Colour [3]byte

// The text on a colour.
var (
	White = Colour{255, 255, 255}
	Black = Colour{}
)

// Readable is the least contrast of text (WCAG 1.4.3).
const Readable = 4.5

// Parse reads "#rrggbb".
func Parse(text string) (Colour, error) {
	digits, found := strings.CutPrefix(text, "#")
	rgb, err := hex.DecodeString(digits)
	if err != nil || !found || len(rgb) != 3 {
		return Colour{}, errors.New("is not a colour as #rrggbb")
	}
	return Colour(rgb), nil
}

// String is "#rrggbb".
func (c Colour) String() string { return "#" + hex.EncodeToString(c[:]) }

// On is white or black, whichever is easier to read on the colour: it always is readable.
func (c Colour) On() Colour {
	if Contrast(c, White) >= Contrast(c, Black) {
		return White
	}
	return Black
}

// ReadableOn is the colour itself if it can be read on a background, else the nearest one
// on the way to black or white, whichever is farther from the background.
func (c Colour) ReadableOn(background Colour) Colour {
	to := background.On()
	for step := range 101 {
		mixed := c.mix(to, float64(step)/100)
		if Contrast(mixed, background) >= Readable {
			return mixed
		}
	}
	return to // unreachable: it can be read on any colour
}

func (c Colour) mix(to Colour, share float64) Colour {
	for i := range c {
		c[i] = byte(math.Round(float64(c[i])*(1-share) + float64(to[i])*share))
	}
	return c
}

// Contrast is from 1 to 21.
func Contrast(a, b Colour) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + .05) / (min(x, y) + .05)
}

func luminance(c Colour) float64 {
	linear := func(c byte) float64 {
		v := float64(c) / 255
		if v <= .04045 {
			return v / 12.92
		}
		return math.Pow((v+.055)/1.055, 2.4)
	}
	return .2126*linear(c[0]) + .7152*linear(c[1]) + .0722*linear(c[2])
}

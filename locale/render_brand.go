package locale

import (
	"encoding/hex"
	"errors"
	"math"
	"net/url"
	"strings"
)

// pagesAccent is the accent of the pages of package passwdhttp.
const pagesAccent = "#1a4fb4"

func logo(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsFunc(text, notOfURL) {
		return "", errors.New("is not an absolute https URL")
	}
	return text, nil
}

// accent returns a colour and what can be read on it.
func accent(text string) (colour, on string, err error) {
	if text == "" {
		text = pagesAccent
	}
	digits, found := strings.CutPrefix(text, "#")
	rgb, err := hex.DecodeString(digits)
	if err != nil || !found || len(rgb) != 3 {
		return "", "", errors.New("is not a colour as #rrggbb")
	}
	if 1.05/(luminance(rgb)+.05) >= (luminance(rgb)+.05)/.05 { // the contrasts of WCAG 2 with white, and with black
		return text, "#ffffff", nil
	}
	return text, "#000000", nil
}

// luminance is the relative luminance of WCAG 2.
func luminance(rgb []byte) float64 {
	linear := func(c byte) float64 {
		v := float64(c) / 255
		if v <= .04045 {
			return v / 12.92
		}
		return math.Pow((v+.055)/1.055, 2.4)
	}
	return .2126*linear(rgb[0]) + .7152*linear(rgb[1]) + .0722*linear(rgb[2])
}

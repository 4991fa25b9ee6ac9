package locale

import (
	"errors"
	"net/url"
	"strings"

	"github.com/passwd-go/passwd/internal/accent"
)

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

// accentOf returns a colour and what can be read on it.
func accentOf(text string) (colour, on string, err error) {
	if text == "" {
		text = accent.Default
	}
	c, err := accent.Parse(text)
	if err != nil {
		return "", "", err
	}
	return text, c.On().String(), nil
}

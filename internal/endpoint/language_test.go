package endpoint_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/passwd-go/passwd/internal/endpoint"
)

func TestLanguage(t *testing.T) {
	for header, want := range map[string]string{
		"": "", "de": "de", "de-CH, fr;q=0.8": "de", "fi, de;q=0.8": "de", "fr;q=0.5, de": "de",
		"en-GB, de;q=0.5": "en", "*": "en", "fi": "fi", "fi, sv;q=0.8": "fi", "fi, en;q=0.5": "en", ";q": "",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		if header != "" {
			r.Header.Set("Accept-Language", header)
		}
		if got := new(endpoint.Face).Client(r).Locale; got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
		own := endpoint.Face{Locale: func(*http.Request) string { return "ja" }}
		if got := own.Client(r).Locale; got != "ja" {
			t.Errorf("%q: %q although the host knows better", header, got)
		}
	}
}

package passwdhttp_test

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
)

// The host's colour is in the style sheet, as it is where it can be read.
func TestAccent(t *testing.T) {
	sheet := func(colour string) string {
		s := newPages(t, passwd.Config{}, passwdhttp.Config{Accent: colour})
		b := s.browser()
		href := regexp.MustCompile(`href="([^"]*\.css)"`).FindStringSubmatch(b.get(t, "forgot").Body.String())[1]
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, httptest.NewRequest("GET", href, nil))
		return w.Body.String()
	}
	usual, own := sheet(""), sheet("#7a1fa2")
	if strings.Count(usual, "--passwd-accent:") != 2 || strings.Count(own, "--passwd-accent:") != 4 || !strings.HasPrefix(own, usual) {
		t.Errorf("not ours, and more: %s", own)
	}
	added := strings.TrimPrefix(own, usual)
	if !strings.Contains(added, ":root { --passwd-accent: #7a1fa2; --passwd-on-accent: #ffffff; }") || strings.Contains(strings.SplitN(added, "\n", 2)[1], "#7a1fa2") {
		t.Errorf("added: %s", added)
	}
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	for _, bad := range []string{"red", "#fff", "#7a1fa2; } body { display: none"} {
		if _, err := passwdhttp.Pages(passwdhttp.Config{Service: s.Service, Accent: bad}); err == nil || !strings.Contains(err.Error(), "Config.Accent") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

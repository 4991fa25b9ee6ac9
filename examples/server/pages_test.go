package main

import (
	"net/http"
	"strings"
	"testing"
)

// The app's own pages have a style, and mails are shown as mails look: in a frame that
// runs nothing, and whose links open in the whole window.
func TestDemoPages(t *testing.T) {
	s := serve(t)
	for path, parts := range map[string][]string{
		"/":          {`href="/style.css"`, "Analytical-Engine-1843", `name="viewport"`},
		"/sign-in":   {`href="/style.css"`, `enterkeyhint="go"`},
		"/dev/":      {"Nothing yet."},
		"/style.css": {"prefers-color-scheme: dark"},
	} {
		r := s.call("GET", path, "", "")
		for _, part := range parts {
			if r.status != http.StatusOK || !strings.Contains(r.body, part) {
				t.Errorf("%s: %d, no %s", path, r.status, part)
			}
		}
		if csp := r.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", path, csp)
		}
	}
	s.want(s.post(api+"forgot", "", "login", "ada@example.com"), http.StatusAccepted, "")
	link := s.mail("ada@example.com", "reset_link", 1).Link
	if r := s.call("GET", "/dev/", "", ""); !strings.Contains(r.body, `<iframe src="/dev/mail/1"`) || !strings.Contains(r.body, "As plain text") {
		t.Errorf("%d %s", r.status, r.body)
	}
	r := s.call("GET", "/dev/mail/1", "", "")
	csp := r.header.Get("Content-Security-Policy")
	if !strings.Contains(r.body, `<base target="_top">`) || !strings.Contains(r.body, link) || !strings.Contains(csp, "sandbox") || strings.Contains(csp, "allow-scripts") {
		t.Errorf("%d %s: %s", r.status, csp, r.body)
	}
	for _, path := range []string{"/dev/mail/0", "/dev/mail/2", "/dev/mail/x", "/dev/mail/-1"} {
		if r := s.call("GET", path, "", ""); r.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, r.status)
		}
	}
}

package passwdhttp_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/pwpolicy"
)

// What may not have been meant and what would be better are told without scripts too:
// beside what is wrong with a password, and once one has been set.
func TestRemarks(t *testing.T) {
	has := func(t *testing.T, p *page, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if !strings.Contains(p.Body.String(), text) {
				t.Errorf("the page does not say %q", text)
			}
		}
	}
	for name, flow := range map[string]struct {
		path  string
		begin func(*testing.T, *site, *browser, passwd.Ref)
		sent  map[string]string
	}{
		"change": {"change", nil, map[string]string{"current_password": current}},
		"reset": {"reset/new", func(t *testing.T, s *site, b *browser, _ passwd.Ref) {
			b.get(t, "reset?token="+s.link(t, "ada"))
		}, map[string]string{}},
		"forced": {"forced", func(t *testing.T, s *site, b *browser, ada passwd.Ref) {
			b.set(&http.Cookie{Name: "__Host-passwd-ticket", Value: s.ticket(t, ada, "ada", current), Path: "/", Secure: true})
		}, map[string]string{}},
	} {
		for _, words := range locale.Printers() {
			t.Run(name+"/"+words.Language(), func(t *testing.T) {
				s := newPages(t, passwd.Config{Policy: pwpolicy.WithSecondFactor()}, passwdhttp.Config{AfterReset: "/on"})
				ada := s.ada(t)
				b := s.browser()
				if flow.begin == nil {
					b = s.signedIn(t)
				} else {
					flow.begin(t, s, b, ada)
				}
				b.language = words.Language()

				flow.sent["new_password"] = "ada@example.com "
				p := b.post(t, flow.path, flow.sent)
				equal(t, "status", p.Code, 422)
				has(t, p, words.Note(pwpolicy.EndsWithSpace), words.Advice("avoid_personal"))
				described := p.input(t, "new_password")["aria-describedby"]
				if !strings.Contains(described, "new_password-notes") {
					t.Errorf("described by %q", described)
				}
				if again := b.get(t, flow.path); strings.Contains(again.Body.String(), words.Note(pwpolicy.EndsWithSpace)) {
					t.Error("the remark stays")
				}

				flow.sent["new_password"] = "Quite-Good-Enough-7 "
				done := b.post(t, flow.path, flow.sent).follow(t)
				has(t, done, words.Note(pwpolicy.EndsWithSpace))
				if name == "reset" {
					has(t, done, `href="/on"`)
				}
				if strings.Contains(done.Body.String(), "http-equiv") {
					t.Error("the page goes on before it can be read")
				}
			})
		}
	}
}

// A password that is allowed but weak is called so on the page that says "done", which
// goes on all the same.
func TestWeakIsSaid(t *testing.T) {
	shown, err := pwpolicy.InsecureNoRules().With(pwpolicy.Strength{InsecureScoreOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	s := newPages(t, passwd.Config{Policy: shown}, passwdhttp.Config{AfterReset: "/on"})
	s.ada(t)
	b := s.browser()
	b.get(t, "reset?token="+s.link(t, "ada"))
	done := b.post(t, "reset/new", map[string]string{"new_password": "passwort1"}).follow(t)
	done.onward(t, "/on")
	words := locale.Match("en")
	for _, text := range []string{words.Text("allowed_weak"), words.Advice("avoid_common")} {
		if !strings.Contains(done.Body.String(), text) {
			t.Errorf("the page does not say %q", text)
		}
	}
}

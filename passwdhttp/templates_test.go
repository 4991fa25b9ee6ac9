package passwdhttp_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/passwdhttp"
)

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

// Every page in every language, with each way of overriding templates.
func TestTemplates(t *testing.T) {
	const mark = "made by the host"
	for name, tc := range map[string]struct {
		files       fs.FS
		marked, not []string // pages
	}{
		"none":           {fstest.MapFS{}, nil, []string{"change", "forgot", "done"}},
		"a block":        {fstest.MapFS{"brand.html": file(`{{define "footer"}}<footer>` + mark + `, {{.Language}}</footer>{{end}}`)}, []string{"change", "forgot", "done"}, nil},
		"in layout":      {fstest.MapFS{"layout.html": file(`{{define "footer"}}<footer>` + mark + `</footer>{{end}}`)}, []string{"change", "forgot", "done"}, nil},
		"block of one":   {fstest.MapFS{"change.html": file(`{{define "footer"}}<footer>` + mark + `</footer>{{end}}`)}, []string{"change"}, []string{"forgot", "done"}},
		"form of one":    {fstest.MapFS{"forgot.html": file(`{{define "form"}}<p>` + mark + `</p><form method="post" action="{{.Action}}">{{range .Fields}}{{template "field" .}}{{end}}</form>{{end}}`)}, []string{"forgot"}, []string{"change", "done"}},
		"page of one":    {fstest.MapFS{"done.html": file(`<!doctype html><html lang="{{.Language}}" dir="{{.Direction}}"><title>{{.Title}}</title><body><main><h1>{{.Heading}}</h1><p>` + mark + `</p>{{template "links" .}}</main></body></html>`)}, []string{"done"}, []string{"change", "forgot"}},
		"whole layout":   {fstest.MapFS{"layout.html": file(`<!doctype html><html lang="{{.Language}}" dir="{{.Direction}}"><title>{{template "title" .}}</title><body><main>{{template "summary" .}}<h1>{{.Heading}}</h1><p>` + mark + `</p>{{template "intro" .}}{{with .Form}}{{template "form" .}}{{end}}</main></body></html>`)}, []string{"change", "forgot", "done"}, nil},
		"one beats all":  {fstest.MapFS{"a.html": file(`{{define "footer"}}<footer>` + mark + `</footer>{{end}}`), "done.html": file(`{{define "footer"}}<footer>own</footer>{{end}}`)}, []string{"change", "forgot"}, []string{"done"}},
		"beside others":  {fstest.MapFS{"notes.txt": file("{{"), "deep/x.html": file("{{")}, nil, []string{"change", "forgot", "done"}},
		"nothing in one": {fstest.MapFS{"change.html": file("\n")}, nil, []string{"change", "forgot", "done"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newPages(t, passwd.Config{}, passwdhttp.Config{Templates: tc.files})
			s.ada(t)
			b := s.signedIn(t)
			reset := s.browser()
			reset.get(t, "reset?token="+s.link(t, "ada"))
			for _, words := range locale.Printers() {
				b.language, reset.language = words.Language(), words.Language()
				for _, path := range tc.marked {
					if p := b.get(t, path); !strings.Contains(p.Body.String(), mark) {
						t.Errorf("%s is not the host's: %s", path, p.Body)
					}
				}
				for _, path := range tc.not {
					if p := b.get(t, path); strings.Contains(p.Body.String(), mark) {
						t.Errorf("%s is the host's", path)
					}
				}
				b.post(t, "change", nil)
				for _, path := range []string{"forgot/sent", "forgot/code", "reset/code", "reset/new", "cancel", "nothing"} {
					b.get(t, path)
				}
				reset.get(t, "reset/new")
			}
		})
	}
}

// A template that does not fit is found at the start.
func TestTemplateErrors(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	for name, files := range map[string]fs.FS{
		"syntax":        fstest.MapFS{"x.html": file("{{")},
		"field":         fstest.MapFS{"x.html": file(`{{define "footer"}}{{.Footer}}{{end}}`)},
		"field, one":    fstest.MapFS{"cancel.html": file(`{{define "form"}}{{.Colour}}{{end}}`)},
		"unknown block": fstest.MapFS{"x.html": file(`{{define "footer"}}{{template "foot"}}{{end}}`)},
		"escaping":      fstest.MapFS{"error.html": file(`{{define "footer"}}<a href='{{end}}`)},
	} {
		if _, err := passwdhttp.Pages(passwdhttp.Config{Service: s.Service, Templates: files}); err == nil || !strings.Contains(err.Error(), "Templates") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

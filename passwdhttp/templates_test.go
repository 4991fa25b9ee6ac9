package passwdhttp_test

import (
	"context"
	"html/template"
	"io/fs"
	"net/http"
	"os"
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
		"none":                   {nil, nil, []string{"change", "forgot", "done"}},
		"a block":                {fstest.MapFS{"partials/brand.html": file(`{{define "footer"}}<footer>` + mark + `, {{.Language}}</footer>{{end}}`)}, []string{"change", "forgot", "done"}, nil},
		"in layout":              {fstest.MapFS{"layout.html": file(`{{define "footer"}}<footer>` + mark + `</footer>{{end}}`)}, []string{"change", "forgot", "done"}, nil},
		"block of one":           {fstest.MapFS{"change.html": file(`{{define "footer"}}<footer>` + mark + `</footer>{{end}}`)}, []string{"change"}, []string{"forgot", "done"}},
		"form of one":            {fstest.MapFS{"forgot.html": file(`{{define "form"}}<p>` + mark + `</p><form method="post" action="{{.Action}}">{{range .Fields}}{{template "field" .}}{{end}}</form>{{end}}`)}, []string{"forgot"}, []string{"change", "done"}},
		"page of one":            {fstest.MapFS{"done.html": file(`<!doctype html><html lang="{{.Language}}" dir="{{.Direction}}"><title>{{.Title}}</title><body><main><h1>{{.Heading}}</h1><p>` + mark + `</p>{{template "links" .}}</main></body></html>`)}, []string{"done"}, []string{"change", "forgot"}},
		"whole layout":           {fstest.MapFS{"layout.html": file(`<!doctype html><html lang="{{.Language}}" dir="{{.Direction}}"><title>{{template "title" .}}</title><body><main>{{template "summary" .}}<h1>{{.Heading}}</h1><p>` + mark + `</p>{{template "intro" .}}{{with .Form}}{{template "form" .}}{{end}}</main></body></html>`)}, []string{"change", "forgot", "done"}, nil},
		"one beats all":          {fstest.MapFS{"partials/deep/a.html": file(`{{define "footer"}}<footer>` + mark + `</footer>{{end}}`), "done.html": file(`{{define "footer"}}<footer>own</footer>{{end}}`)}, []string{"change", "forgot"}, []string{"done"}},
		"a partial":              {fstest.MapFS{"partials/foot.html": file("<footer>" + mark + "</footer>"), "layout.html": file(`{{define "footer"}}{{template "partials/foot.html" .}}{{end}}`), ".DS_Store": file("{{")}, []string{"change", "forgot", "done"}, nil},
		"partials of the host's": {fstest.MapFS{"partials/shop.html": file(`{{define "basket"}}{{end}}{{define "footer"}}<footer>` + mark + `</footer>{{end}}`)}, []string{"change", "forgot", "done"}, nil},
		"nothing in one":         {fstest.MapFS{"change.html": file("\n")}, nil, []string{"change", "forgot", "done"}},
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
		"syntax":           fstest.MapFS{"partials/x.html": file("{{")},
		"field":            fstest.MapFS{"partials/x.html": file(`{{define "footer"}}{{.Footer}}{{end}}`)},
		"field, one":       fstest.MapFS{"cancel.html": file(`{{define "form"}}{{.Colour}}{{end}}`)},
		"unknown block":    fstest.MapFS{"partials/x.html": file(`{{define "footer"}}{{template "foot"}}{{end}}`)},
		"escaping":         fstest.MapFS{"error.html": file(`{{define "footer"}}<a href='{{end}}`)},
		"no fs.Sub":        fstest.MapFS{"templates/layout.html": file("")},
		"no fs.Sub, parts": fstest.MapFS{"web/partials/x.html": file("")},
		"none":             fstest.MapFS{},
		"misspelt page":    fstest.MapFS{"chnage.html": file("")},
		"a file":           fstest.MapFS{"notes.txt": file("")},
		"deeper":           fstest.MapFS{"deep/change.html": file("")},
		"misspelt block":   fstest.MapFS{"layout.html": file(`{{define "fotter"}}{{end}}`)},
		"of one":           fstest.MapFS{"change.html": file(`{{define "froms"}}{{end}}`)},
		"in a partial":     fstest.MapFS{"partials/x.html": file(`{{define "foter"}}{{end}}`)},
		"no function":      fstest.MapFS{"layout.html": file(`{{define "footer"}}{{asset "x"}}{{end}}`)},
	} {
		if _, err := passwdhttp.Pages(passwdhttp.Config{Service: s.Service, Templates: files}); err == nil || !strings.Contains(err.Error(), "Templates") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What was forgotten or misspelt is named.
func TestTemplateAdvice(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{})
	for want, files := range map[string]fs.FS{
		`use fs.Sub(…, "web/templates")`:                fstest.MapFS{"web/templates/layout.html": file("")},
		"chnage.html has no effect":                     fstest.MapFS{"chnage.html": file("")},
		`layout.html: no template has the block "foot"`: fstest.MapFS{"layout.html": file(`{{define "foot"}}{{end}}`)},
		"there are no files":                            fstest.MapFS{},
	} {
		_, err := passwdhttp.Pages(passwdhttp.Config{Service: s.Service, Templates: files})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %s", err, want)
		}
	}
}

// shopper is what a host's layout shows.
type shopper struct{ Name, Basket string }

// The host's own layout, with its data, functions and partials, and the token of its
// middleware in every form.
func TestOwnLayout(t *testing.T) {
	type key struct{}
	s := newPages(t, passwd.Config{}, passwdhttp.Config{
		Templates: fstest.MapFS{
			"partials/nav.html": file(`<nav>{{shout .Name}}: {{.Basket}}</nav>`),
			"layout.html": file(`<!doctype html><html lang="{{.Language}}" dir="{{.Direction}}"><head><title>{{template "title" .}}</title>{{template "head" .}}</head><body>
{{with .Data}}{{template "partials/nav.html" .}}{{end}}<p class="crumb">{{.Data.Name}}</p><main>{{template "main" .}}</main></body></html>`),
		},
		Funcs: template.FuncMap{"shout": strings.ToUpper},
		Data: func(r *http.Request) any {
			_ = r.Context().Value(key{}).(string) // as session managers do, where there is no session
			return shopper{"ada", "3 <books>"}
		},
		FormFields: func(r *http.Request) []passwdhttp.Hidden {
			return []passwdhttp.Hidden{{Name: "csrf_token", Value: "made&up"}}
		},
	})
	inner := s.handler
	checked := false
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(context.WithValue(r.Context(), key{}, "there"))
		if r.Method == http.MethodPost && r.PostFormValue("csrf_token") != "made&up" { // which reads the body
			http.Error(w, "no token", http.StatusForbidden)
			return
		}
		checked = checked || r.Method == http.MethodPost
		inner.ServeHTTP(w, r)
	})
	s.ada(t)
	b := s.browser()
	page := b.get(t, "forgot")
	for _, want := range []string{"<nav>ADA: 3 &lt;books&gt;</nav>", `<p class="crumb">ada</p>`, `name="csrf_token" value="made&amp;up"`} {
		if !strings.Contains(page.Body.String(), want) {
			t.Errorf("no %s in %s", want, page.Body)
		}
	}
	b.post(t, "forgot", map[string]string{"login": "ada", "csrf_token": "made&up"}).want(t, 303, "/forgot/sent")
	if !checked || len(s.Deliver(t)) != 1 {
		t.Error("nothing was asked for")
	}
}

// The document shows the blocks as they are.
func TestDocumentHasTheLayout(t *testing.T) {
	layout, err := os.ReadFile("templates/layout.html")
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile("../docs/pages.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(document), "```html\n"+string(layout)+"```\n") {
		t.Error("docs/pages.md has another layout.html: copy it there")
	}
}

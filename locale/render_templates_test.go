package locale_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
)

func templates(named ...string) fstest.MapFS {
	files := fstest.MapFS{}
	for i := 0; i < len(named); i += 2 {
		files[named[i]] = &fstest.MapFile{Data: []byte(named[i+1])}
	}
	return files
}

// The last of a message's files has the last word: layout, the language's layout,
// the kind, the language's kind.
func TestTemplatesOrder(t *testing.T) {
	all := []string{
		"layout.EXT", `1 {{block "what" .}}a{{end}} {{.Link}}{{.Code}}`,
		"de/layout.EXT", `{{define "what"}}b{{end}}`,
		"reset_link.EXT", `3 {{template "what" .}} {{.Link}}`,
		"de/reset_link.EXT", `{{define "what"}}d{{end}}`,
	}
	link, changed := passwd.MessageResetLink, passwd.MessagePasswordChanged
	for _, format := range []string{"html", "txt", "sms", "subject"} {
		channel := passwd.EmailChannel
		if format == "sms" {
			channel = passwd.SMSChannel
		}
		for i, c := range []struct {
			files      int
			kind       passwd.MessageKind
			lang, want string
		}{
			{1, link, "de", "1 a"}, {1, changed, "fr", "1 a"},
			{2, link, "de", "1 b"}, {2, link, "fr", "1 a"},
			{3, link, "de", "3 b"}, {3, link, "fr", "3 a"}, {3, changed, "de", "1 b"}, {3, changed, "fr", "1 a"},
			{4, link, "de", "3 d"}, {4, link, "fr", "3 a"}, {4, changed, "de", "1 b"},
		} {
			named := make([]string, 2*c.files)
			copy(named, all)
			for i := 0; i < len(named); i += 2 {
				named[i] = strings.Replace(named[i], "EXT", format, 1)
			}
			mail := render(t, renderer(t, locale.RenderConfig{Templates: templates(named...)}), message(c.kind, channel, c.lang))
			got := map[string]string{"html": mail.HTML, "txt": mail.Text, "sms": mail.Text, "subject": mail.Subject}[format]
			if !strings.HasPrefix(got, c.want+" ") {
				t.Errorf("%s %d: %q, want %q", format, i, got, c.want)
			}
		}
	}
}

// A host changes a block of every message and leaves the rest as it is.
func TestTemplatesBlocks(t *testing.T) {
	r := renderer(t, locale.RenderConfig{Name: "Example", Templates: templates(
		"layout.html", `{{define "header"}}<p><img src="https://example.com/logo.png" alt="{{.Name}}"></p>{{end}}{{define "head"}}<style>a{}</style>{{end}}`,
		"layout.txt", `{{define "footer"}}Example Ltd, 1 Example Street{{end}}{{define "lead"}}Dear {{.Username}},`+"\r\n\r\n"+`{{.Lead}}{{end}}{{define "safety"}}{{""}}{{end}}`,
		"reset_code.sms", `Code {{.Code}}, {{.Details}}`+"\n",
		"layout.subject", "{{.Title}}\r\n {{.Name}}\n",
		"README.md", "no template",
	)})
	for _, p := range locale.Printers() {
		mail := render(t, r, message(passwd.MessageResetLink, passwd.EmailChannel, p.Language()))
		if !strings.Contains(mail.HTML, `<img src="https://example.com/logo.png" alt="Example">`) || !strings.Contains(mail.HTML, "<style>") || len(hrefs(t, strings.Replace(mail.HTML, `alt="Example">`, "/>", 1))) != 3 {
			t.Errorf("%s: %s", p.Language(), mail.HTML)
		}
		if !strings.HasPrefix(mail.Text, "Dear ada,\n\n") || !strings.HasSuffix(mail.Text, "\n\nExample Ltd, 1 Example Street\n") || strings.Contains(mail.Text, "\n\n\n") || strings.Contains(mail.Text, "\r") {
			t.Errorf("%s: %q", p.Language(), mail.Text)
		}
		if !strings.HasSuffix(mail.Subject, " Example") || strings.ContainsAny(mail.Subject, "\r\n–") {
			t.Errorf("%s: %q", p.Language(), mail.Subject)
		}
		sms := render(t, r, message(passwd.MessageResetCode, passwd.SMSChannel, p.Language()))
		if !strings.HasPrefix(sms.Text, "Code "+code+", ") || !strings.HasSuffix(sms.Text, "\n@app.example.com #"+code) {
			t.Errorf("%s: %q", p.Language(), sms.Text)
		}
	}
}

// A template has what an app's own link needs, escaped for where it stands.
func TestTemplatesView(t *testing.T) {
	r := renderer(t, locale.RenderConfig{Templates: templates(
		"reset_link.html", `<a href="{{.Link}}">{{.Username}}</a> <a href="https://m.example.com/?t={{.Token}}&u={{.User}}">x</a>`,
		"suspended.txt", `{{.Kind}}|{{.Channel}}|{{.Account.ID}}|{{.Language}}|{{.Direction}}|{{.Notice}}|{{.Name}}|{{.Host}}|{{.Username}}|{{.At}}|{{.Until}}|{{.Address}}|{{.Device}}|{{.Token}}|{{.Code}}`,
	)})
	m := message(passwd.MessageResetLink, passwd.EmailChannel, "en")
	m.Username = "<b>&"
	if got, want := render(t, r, m).HTML, `<a href="`+base+`/reset?token=`+secret+`&amp;user=user-key">&lt;b&gt;&amp;</a> <a href="https://m.example.com/?t=`+secret+`&u=user-key">x</a>`; got != want {
		t.Errorf("%s\n%s", got, want)
	}
	got := render(t, r, message(passwd.MessageSuspended, passwd.EmailChannel, "en")).Text
	if want := "suspended|email|7|en|ltr|true|app.example.com|app.example.com|ada|1 March 2026, 22:45 UTC||192.0.2.7|Safari on iPhone||\n"; got != want {
		t.Errorf("%q\n%q", got, want)
	}
}

// A host's own layout has the built-in blocks to call.
func TestTemplatesCallBlocks(t *testing.T) {
	r := renderer(t, locale.RenderConfig{Templates: templates(
		"layout.txt", `{{template "action" .}} {{template "details" .}}`,
		"de/layout.html", `{{define "header"}}{{""}}{{end}}<main>{{template "header" .}}{{template "lead" .}}{{template "action" .}}</main>`,
	)})
	mail := render(t, r, message(passwd.MessageResetLink, passwd.EmailChannel, "de"))
	if !strings.HasPrefix(mail.Text, base+"/reset?token="+secret+"&user=user-key Konto: ada\nZeitpunkt: ") || strings.Contains(mail.Text, "Wenn") {
		t.Errorf("%q", mail.Text)
	}
	if !strings.HasPrefix(mail.HTML, `<main><p style="margin:0 0 1rem">Für Ihr Konto`) || !strings.HasSuffix(mail.HTML, "</a></p></main>") {
		t.Errorf("%q", mail.HTML)
	}
}

// What is wrong with a host's templates is an error of the configuration.
func TestTemplatesRefused(t *testing.T) {
	for name, c := range map[string]struct {
		files fstest.MapFS
		want  string
	}{
		"no files":           {templates("README.md", "x"), "no file"},
		"of pages":           {templates("change.html", "x"), "change.html"},
		"misspelt":           {templates("reset-link.html", "x"), `reset-link`},
		"unknown language":   {templates("xx/layout.html", "x"), `"xx"`},
		"a region":           {templates("de-AT/reset_link.txt", "{{.Link}}"), `"de-AT"`},
		"does not parse":     {templates("reset_link.txt", "{{.Link}"), "reset_link.txt:1"},
		"HTML does not":      {templates("he/reset_link.html", "{{if}}"), "he/reset_link.html:1"},
		"unknown function":   {templates("layout.txt", "{{shout .Link}}"), `"shout"`},
		"unknown field":      {templates("suspended.html", "{{.Password}}"), "Password"},
		"unknown template":   {templates("ja/suspended.sms", `{{template "x"}}`), `"x"`},
		"ambiguous HTML":     {templates("suspended.html", `<a href={{.Link}}'>`), "suspended.html"},
		"only of one detail": {templates("layout.txt", "{{(index .Details 2).Value}} {{.Link}}{{.Code}}"), "index"},
		"without the link":   {templates("reset_link.txt", "Follow the link."), "link"},
		"broken link":        {templates("pt/reset_link.html", `<a href="{{.Link}}&x={{.Name}}">x</a>`), ""},
		"HTML without":       {templates("fr/reset_code.html", "<p>{{.Lead}}</p>"), "fr, reset_code, email"},
		"SMS without":        {templates("reset_link.sms", "{{.SMS}}"), "reset_link, sms"},
		"empty":              {templates("suspended.txt", "{{with .Code}}{{.}}{{end}}"), "suspended"},
		"empty subject":      {templates("layout.subject", `{{" "}}`), "subject"},
	} {
		_, err := locale.NewRenderer(locale.RenderConfig{Templates: c.files})
		if name == "broken link" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || !strings.HasPrefix(err.Error(), "locale: RenderConfig.Templates: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if _, err := locale.NewRenderer(locale.RenderConfig{Templates: os.DirFS(t.TempDir() + "/nowhere")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

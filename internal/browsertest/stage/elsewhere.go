package stage

import (
	"html/template"
	"net/http"
	"net/url"
)

// The paths of the other site.
const (
	LetterPath = "/letter" // a web mail: the link of the last message
	AttackPath = "/attack" // submits a form to another site
	FramePath  = "/frame"  // shows a page of another site in a frame
	SloppyPath = "/sloppy" // a page that browsers have a lot to say about
)

func (h *Host) elsewhere() http.Handler {
	mux := http.NewServeMux()
	page := func(path, text string, data func(*http.Request) any) {
		t := template.Must(template.New(path).Parse(`<!doctype html><html lang="en"><title>Elsewhere</title>` + text))
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Referrer-Policy", "unsafe-url") // the worst that a site can do
			t.Execute(w, data(r))
		})
	}
	page(LetterPath, `<h1>Mail</h1><a id="link" href="{{.}}">link</a>`, func(*http.Request) any {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.letter
	})
	page(AttackPath, `<h1>Attack</h1><form method="post" action="{{.Action}}" enctype="{{.Type}}">
{{range $name, $values := .Fields}}{{range $values}}<input type="hidden" name="{{$name}}" value="{{.}}">{{end}}{{end}}
<button id="go">Win a prize</button></form>{{if .Auto}}<script>document.forms[0].submit()</script>{{end}}`, attack)
	page(FramePath, `<h1>Frame</h1><iframe src="{{.}}" width="600" height="400"></iframe>`, func(r *http.Request) any {
		return r.URL.Query().Get("url")
	})
	mux.HandleFunc("GET "+SloppyPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "script-src 'self'; style-src 'self'; img-src 'self'")
		write(w, "Sloppy", `<h1>Sloppy</h1><form><input type="password" name="p"></form><p style="color: red">x</p>
<script>document.title = "ran"</script><script src="/missing.js"></script>`)
	})
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return mux
}

func attack(r *http.Request) any {
	query := r.URL.Query()
	fields, _ := url.ParseQuery(query.Get("fields"))
	return struct {
		Action, Type string
		Fields       url.Values
		Auto         bool
	}{query.Get("action"), query.Get("type"), fields, query.Get("auto") != ""}
}

// Attack returns the URL of a page of the other site that submits a form to a page
// of ours: by itself if auto is set, else by its button.
func (h *Host) Attack(path, enctype string, fields url.Values, auto bool) string {
	query := url.Values{"action": {h.Origin + path}, "type": {enctype}, "fields": {fields.Encode()}}
	if auto {
		query.Set("auto", "yes")
	}
	return h.Elsewhere + AttackPath + "?" + query.Encode()
}

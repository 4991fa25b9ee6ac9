package wire

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"net/url"
	"strings"
)

//go:embed openapi
var documents embed.FS

// OpenAPI returns the OpenAPI 3.1 document of the format, in JSON, for a host to
// serve or to hand out: routes, fields, and of every reply the status, the
// headers, the shape and the fixed texts. Its server is Base. It needs no other
// field, so a host behind http.StripPrefix sets Base to the whole path for this
// call. The slice is the caller's.
func (c Grant) OpenAPI() []byte { return document("grant", c.Base, false) }

// OpenAPI is as [Grant.OpenAPI]. With Localize, texts are not fixed.
func (c Profile) OpenAPI() []byte { return document("profile", c.Base, c.Localize) }

// OpenAPI is as [Grant.OpenAPI]. With Localize, texts are not fixed.
func (c SignIn) OpenAPI() []byte { return document("signin", c.Base, c.Localize) }

// OpenAPI is as [Grant.OpenAPI]. With Localize, texts are not fixed.
func (c Remind) OpenAPI() []byte { return document("remind", c.Base, c.Localize) }

// OpenAPI is as [Grant.OpenAPI]. With Localize, texts are not fixed.
func (c Brand) OpenAPI() []byte { return document("brand", c.Base, c.Localize) }

// document returns the document of a format whose routes begin at base.
func document(format, base string, localize bool) []byte {
	text, err := documents.ReadFile("openapi/" + format + ".json")
	if err != nil {
		panic(err) // it is part of the program
	}
	if localize {
		text = unfix(text)
	}
	at := cmp.Or(strings.TrimRight(base, "/"), "/")
	server, err := json.Marshal([]map[string]string{{"url": (&url.URL{Path: at}).EscapedPath()}})
	if err != nil {
		panic(err) // a string has a JSON form
	}
	// Only the servers are other ones: everything else stays in its order.
	const key = `"servers": `
	before, after, _ := bytes.Cut(text, []byte(key))
	_, after, _ = bytes.Cut(after, []byte("]"))
	return bytes.Join([][]byte{before, []byte(key), server, after}, nil)
}

// inEnglish marks the texts that follow Accept-Language where Localize is set.
const inEnglish = "x-english"

// unfix makes any text of the marked ones.
func unfix(text []byte) []byte {
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		panic(err) // tests read it
	}
	forget(doc)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		panic(err) // it came from JSON
	}
	return b.Bytes()
}

func forget(v any) {
	switch v := v.(type) {
	case map[string]any:
		if v[inEnglish] == true {
			for _, fixed := range []string{inEnglish, "const", "enum", "pattern"} {
				delete(v, fixed)
			}
		}
		for _, member := range v {
			forget(member)
		}
	case []any:
		for _, item := range v {
			forget(item)
		}
	}
}

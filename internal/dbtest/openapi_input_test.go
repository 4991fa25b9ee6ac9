package dbtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/exchange"
	"github.com/passwd-go/passwd/internal/wiretest"
	"github.com/passwd-go/passwd/memstore"
)

// bases are where the hosts of these tests have mounted what the documents
// describe.
var bases = map[string]string{
	"api": apiBase, "grant": "/api", "profile": "/profile/v1", "signin": "/api/auth", "remind": "/v1", "brand": "/auth/v1",
}

// planted is in no reply, whatever else is.
const planted = "planted-secret-value"

// variant is a request body that a document does not allow.
type variant struct {
	name, body string
	status     int
	silent     bool // JSON Schema cannot say that it is not allowed
}

// TestOpenAPIBadInput makes of each example whatever its schema forbids: fields
// that are missing, null, of another type, twice, too long, and not known. Each is
// refused by one reply of the document, which repeats nothing of the request.
func TestOpenAPIBadInput(t *testing.T) {
	api, formats := jsonAPI(t), wiretest.New(t, func(_ testing.TB, accounts ...passwd.Account) wiretest.Store {
		s := memstore.New()
		for _, a := range accounts {
			a.Must = passwd.NoReason
			s.Set(a)
		}
		return s
	}, wiretest.Options{}).Handler
	tried := 0
	for name, d := range load(t) {
		handler := formats
		if name == "api" {
			handler = api
		}
		for path, item := range d.plain.Paths.Map() {
			if item.Post == nil {
				continue
			}
			content := item.Post.RequestBody.Value.Content["application/json"]
			for _, example := range examples(t, content) {
				for change, body := range allowed(t, content.Schema.Value, example) {
					t.Run(name+path+"/"+change, func(t *testing.T) { takes(t, handler, bases[name]+path, body) })
				}
				for _, v := range variants(t, content.Schema.Value, example) {
					tried++
					t.Run(name+path+"/"+v.name, func(t *testing.T) { d.refuses(t, handler, path, item.Post, v) })
				}
			}
		}
	}
	if tried < 250 {
		t.Errorf("%d bodies only", tried)
	}
}

// refuses sends a body that the document does not allow.
func (d *document) refuses(t *testing.T, handler http.Handler, path string, operation *openapi3.Operation, v variant) {
	r := httptest.NewRequest("POST", bases[d.name]+path, strings.NewReader(v.body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	e := exchange.Exchange{
		Method: "POST", Host: r.Host, Target: r.URL.RequestURI(), Path: path, Header: r.Header, Body: []byte(v.body),
		Status: w.Code, ReplyHeader: w.Header(), ReplyBody: w.Body.Bytes(),
	}
	if w.Code != v.status {
		t.Fatalf("%d %s, want %d", w.Code, w.Body, v.status)
	}
	if err := d.check(t.Context(), e); err != nil {
		t.Errorf("%v\n%s", err, w.Body)
	}
	if reply := w.Body.String() + fmt.Sprint(w.Header()); strings.Contains(reply, planted) {
		t.Errorf("what was sent comes back: %s", reply)
	}
	if v.silent {
		return
	}
	in, err := input(d.plain, d.plain.Paths.Value(path), operation, e)
	if err != nil {
		t.Fatal(err)
	}
	if openapi3filter.ValidateRequestBody(t.Context(), in, operation.RequestBody.Value) == nil {
		t.Error("the document allows what is refused")
	}
}

// takes sends a body that the document allows. Most replies are refusals, as there
// is nobody whom the example is about, but none for its shape.
func takes(t *testing.T, handler http.Handler, path, body string) {
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	for _, complaint := range []string{"alformed", "field is required", "validation_failed", "not an email address", "wrong_user"} {
		if strings.Contains(w.Body.String(), complaint) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}

// allowed returns the example, what is left of it without each field that is not
// required, and it with the longest text of each field that has a bound.
func allowed(t *testing.T, schema *openapi3.Schema, example map[string]any) map[string]string {
	t.Helper()
	all := map[string]string{"example": marshal(t, example)}
	for field := range example {
		if !needed(schema, example, field) {
			all["without "+field] = with(t, example, field, nil)
		}
		if longest := schema.Properties[field].Value.MaxLength; longest != nil {
			all["longest "+field] = with(t, example, field, address(*longest))
		}
	}
	return all
}

// examples returns the example objects of a body.
func examples(t *testing.T, content *openapi3.MediaType) []map[string]any {
	t.Helper()
	var all []map[string]any
	if e, ok := content.Example.(map[string]any); ok {
		all = append(all, e)
	}
	for _, e := range content.Examples {
		all = append(all, e.Value.Value.(map[string]any))
	}
	if len(all) == 0 {
		t.Fatal("no example")
	}
	return all
}

// variants returns what must be refused, by a schema and an object that fits it.
func variants(t *testing.T, schema *openapi3.Schema, example map[string]any) []variant {
	t.Helper()
	whole := marshal(t, example)
	all := []variant{
		{"too large", strings.TrimSuffix(whole, "}") + strings.Repeat(" ", 16<<10) + "}", 413, true},
		{"array", "[" + whole + "]", 400, false},
		{"text", `"` + planted + `"`, 400, false},
	}
	if closed := schema.AdditionalProperties.Has; closed != nil && !*closed {
		all = append(all, variant{"unknown field", with(t, example, planted, planted), 400, false})
	}
	for _, field := range slices.Sorted(maps.Keys(example)) {
		property := schema.Properties[field].Value
		null := json.RawMessage("null")
		add := func(name string, body string) { all = append(all, variant{field + " " + name, body, 400, false}) }
		add("list", with(t, example, field, []string{planted}))
		add("object", with(t, example, field, map[string]string{planted: planted}))
		add("number", with(t, example, field, 12345678))
		all = append(all, variant{field + " twice", strings.TrimSuffix(whole, "}") + fmt.Sprintf(",%q:%q}", field, planted), 400, true})
		if longest := property.MaxLength; longest != nil {
			add("too long", with(t, example, field, address(*longest+1)))
		}
		if needed(schema, example, field) {
			add("missing", with(t, example, field, nil))
			add("null", with(t, example, field, null))
		}
	}
	return all
}

// with returns an example with another value of a field, or with none.
func with(t *testing.T, example map[string]any, field string, value any) string {
	t.Helper()
	object := maps.Clone(example)
	if object[field] = value; value == nil {
		delete(object, field)
	}
	return marshal(t, object)
}

// address returns an e-mail address of so many characters: the bounded fields are
// no passwords, and take one.
func address(length uint64) string {
	const domain = "@b.test"
	return strings.Repeat("a", int(length)-len(domain)) + domain
}

// needed reports whether a field is required, by the schema, as there must be some, or by
// the alternative that the example fits.
func needed(schema *openapi3.Schema, example map[string]any, field string) bool {
	if slices.Contains(schema.Required, field) || uint64(len(example)) <= schema.MinProps {
		return true
	}
	for _, alternative := range schema.OneOf {
		kind := alternative.Value.Properties["grant_type"]
		if kind != nil && kind.Value.Const == example["grant_type"] && slices.Contains(alternative.Value.Required, field) {
			return true
		}
	}
	return false
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

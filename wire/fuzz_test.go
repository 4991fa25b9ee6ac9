package wire_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/internal/wiretest"
)

// What a fuzzer begins with, beside the format's own bodies.
var bodies = []string{
	"", "{", "{}", "null", "[]", `{"password":1}`, "{\"password\":\"\xff\"}", `{"a":"\ud800"}`, `{"a":1,"a":2}`,
	"a=1&a=2", "password=%ff", "%zz", "password=%00&email=a%40b", "--X\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nx\r\n--X--",
	"--X\r\n\r\n--X--", "--X--", `{"grant_type":"refresh_token","refresh_token":"0"}`, strings.Repeat(" ", 17<<10),
}

var contentTypes = []string{
	"application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=X", "application/json; charset=utf-8", "text/plain", "",
}

// fuzz sends whatever bytes to a route: the reply is an error of the format's own
// shape, and no account has changed.
func fuzz(f *testing.F, name string) {
	for _, format := range formats {
		if format.name == name {
			fuzzFormat(f, format)
			return
		}
	}
	f.Fatal("no such format")
}

func fuzzFormat(f *testing.F, format format) {
	for i := range contentTypes {
		for _, body := range append(bodies, format.wrong) {
			f.Add(i, []byte(body))
		}
	}
	w := wiretest.New(f, open, wiretest.Options{})
	header := format.request(f, w, "").Header
	before := w.Rows(f)
	f.Fuzz(func(t *testing.T, kind int, body []byte) {
		r := httptest.NewRequest("POST", format.path, strings.NewReader(string(body)))
		for name, values := range header {
			r.Header[name] = values
		}
		r.Header.Set("Content-Type", contentTypes[uint(kind)%uint(len(contentTypes))])
		got := w.Do(r)
		if got.Code < 400 || got.Code == 500 {
			t.Fatalf("%d %s", got.Code, got.Body)
		}
		format.checkError(t, got)
		for ref, row := range w.Rows(t) {
			if row != before[ref] {
				t.Fatalf("account %v has changed", ref)
			}
		}
	})
}

func FuzzGrant(f *testing.F)       { fuzz(f, "grant") }
func FuzzGrantToken(f *testing.F)  { fuzz(f, "grant token") }
func FuzzProfile(f *testing.F)     { fuzz(f, "profile") }
func FuzzSignIn(f *testing.F)      { fuzz(f, "signin") }
func FuzzRemind(f *testing.F)      { fuzz(f, "remind") }
func FuzzBrand(f *testing.F)       { fuzz(f, "brand") }
func FuzzBrandChange(f *testing.F) { fuzz(f, "brand change") }

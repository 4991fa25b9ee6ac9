package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/internal/jsonstrict"
	"github.com/passwd-go/passwd/wire"
)

// encodings returns the three bodies that carry the fields user and password.
func encodings(t testing.TB, user, password string) []endpoint.Body {
	t.Helper()
	object, err := json.Marshal(map[string]string{"user": user, "password": password})
	if err != nil {
		t.Fatal(err)
	}
	var parts bytes.Buffer
	w := multipart.NewWriter(&parts)
	if err := errors.Join(w.WriteField("user", user), w.WriteField("password", password), w.Close()); err != nil {
		t.Fatal(err)
	}
	return []endpoint.Body{
		{MediaType: "application/json", Data: object},
		{MediaType: "application/x-www-form-urlencoded", Data: []byte(url.Values{"user": {user}, "password": {password}}.Encode())},
		{MediaType: "multipart/form-data", Params: map[string]string{"boundary": w.Boundary()}, Data: parts.Bytes()},
	}
}

// A password is the same password in whichever encoding it comes, to the byte;
// what is not UTF-8 comes in none.
func FuzzEncodingsAgree(f *testing.F) {
	for _, s := range []string{"x", "", " a b ", "ü+%&=\"\\", "\u2028<>\ufffd", "line\r\nbreak", "--X--", "\xff", "\x00", "😀"} {
		f.Add("user", s)
		f.Add(s, "password")
	}
	f.Fuzz(func(t *testing.T, user, password string) {
		for _, b := range encodings(t, user, password) {
			var got [2]string
			err := wire.Decode(b, wire.Fields("user", &got[0], "password", &got[1]))
			valid := utf8.ValidString(user) && utf8.ValidString(password)
			switch {
			case b.MediaType == "application/json" && !valid: // the encoder has replaced what is not valid
			case !valid && err == nil:
				t.Errorf("%s: not UTF-8, and accepted", b.MediaType)
			case !valid:
			case user == "" || password == "":
				if _, missing := errors.AsType[jsonstrict.FieldErrors](err); !missing {
					t.Errorf("%s: an empty field: %v", b.MediaType, err)
				}
			case err != nil || got != [2]string{user, password}:
				t.Errorf("%s: %q, %v, want %q and %q", b.MediaType, got, err, user, password)
			}
		}
	})
}

// What is wrong with the fields is told of all of them, in their order.
func TestFieldsThatDoNotFit(t *testing.T) {
	var a, b, c string
	var d *bool
	body := endpoint.Body{MediaType: "application/json", Data: []byte(`{"d":1,"c":2,"a":""}`)}
	err := wire.Decode(body, wire.Fields("a", &a, "b", &b, "c", &c), jsonstrict.OptionalBool("d", &d))
	faults, ok := errors.AsType[jsonstrict.FieldErrors](err)
	if got := fmt.Sprint([]jsonstrict.FieldError(faults)); !ok || got != `[{a missing} {b missing} {c wrong_type} {d wrong_type}]` {
		t.Errorf("%v", err)
	}
}

// A name that is not UTF-8 would pass for another one.
func TestNamesAreText(t *testing.T) {
	for _, data := range []string{"%ff=1&password=x", "\xff=1&password=x", "password=x&%EF%BF%BD=1&%ff=1"} {
		var got string
		body := endpoint.Body{MediaType: "application/x-www-form-urlencoded", Data: []byte(data)}
		if err := wire.Decode(body, wire.Fields("password", &got)); err == nil {
			t.Errorf("%q", data)
		}
	}
}

func TestMultipartParts(t *testing.T) {
	const disposition = "Content-Disposition: form-data; name=\"password\"\r\n"
	for name, tc := range map[string]struct {
		head string
		ok   bool
	}{
		"plain":               {disposition, true},
		"text":                {disposition + "Content-Type: text/plain\r\n", true},
		"UTF-8":               {disposition + "Content-Type: text/plain; charset=UTF-8\r\n", true},
		"ASCII":               {disposition + "Content-Type: text/plain; charset=us-ascii\r\n", true},
		"8bit":                {disposition + "Content-Transfer-Encoding: 8BIT\r\n", true},
		"Latin 1":             {disposition + "Content-Type: text/plain; charset=iso-8859-1\r\n", false},
		"bad type":            {disposition + "Content-Type: text plain\r\n", false},
		"base64":              {disposition + "Content-Transfer-Encoding: base64\r\n", false},
		"file":                {"Content-Disposition: form-data; name=\"password\"; filename=\"a\"\r\n", false},
		"file, encoded":       {"Content-Disposition: form-data; name=\"password\"; filename*=utf-8''a\r\n", false},
		"no name":             {"Content-Disposition: form-data\r\n", false},
		"another disposition": {"Content-Disposition: attachment; name=\"password\"\r\n", false},
		"no disposition":      {"Content-Type: text/plain\r\n", false},
		"no header":           {"", false},
	} {
		var got string
		data := "--X\r\n" + tc.head + "\r\n=4D\r\n--X--\r\n"
		body := endpoint.Body{MediaType: "multipart/form-data", Params: map[string]string{"boundary": "X"}, Data: []byte(data)}
		err := wire.Decode(body, wire.Fields("password", &got))
		if (err == nil) != tc.ok || tc.ok && got != "=4D" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// The form of an address is all that is looked at.
func TestPlausibleEmail(t *testing.T) {
	for text, want := range map[string]bool{
		"a@b": true, "testuser@teen-quotes.com": true, " Ada@Example.com ": true, "o'neil+x@пример.рф": true, `"a@b"@c`: true,
		"": false, "@": false, "a@": false, "@b": false, "ab": false, "a b@c": false, "a@b c": false, "a\x00@b": false, "a@b\r\nBcc: c@d": false,
		strings.Repeat("a", 318) + "@b": true, strings.Repeat("a", 319) + "@b": false,
	} {
		if got := wire.Plausible(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

package jsonstrict_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/internal/jsonstrict"
)

// target has a field of each kind.
type target struct {
	Login string
	Stay  bool
	Info  *string
	Flag  *bool
}

func (t *target) fields() []jsonstrict.Field {
	return []jsonstrict.Field{
		jsonstrict.String("login", &t.Login),
		jsonstrict.Bool("stay", &t.Stay),
		jsonstrict.OptionalString("info", &t.Info),
		jsonstrict.OptionalBool("flag", &t.Flag),
	}
}

func TestAccepted(t *testing.T) {
	for _, tc := range []struct {
		name, data string
		want       target
	}{
		{"required", `{"login":"ada","stay":true}`, target{Login: "ada", Stay: true}},
		{"all", `{"flag":false,"info":"","stay":false,"login":""}`, target{Info: new(string), Flag: new(bool)}},
		{"white space", " \t\r\n{ \"login\" : \"ada\" , \"stay\" : true } \n", target{Login: "ada", Stay: true}},
		{"optional null", `{"login":"ada","stay":true,"info":null,"flag":null}`, target{Login: "ada", Stay: true}},
		{"escaped key", `{"log\u0069n":"ada","stay":true}`, target{Login: "ada", Stay: true}},
		{"escapes", `{"login":"\"\\\/\b\f\n\r\t\u00e9\\u","stay":true}`, target{Login: "\"\\/\b\f\n\r\té\\u", Stay: true}},
		{"surrogate pair", `{"login":"\ud83d\ude00","stay":true}`, target{Login: "😀", Stay: true}},
		{"escaped backslash before u", `{"login":"\\ud800","stay":true}`, target{Login: `\ud800`, Stay: true}},
		{"U+FFFD and NUL are values", `{"login":"\ufffd\u0000","stay":true}`, target{Login: "\ufffd\x00", Stay: true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for name, decode := range map[string]func([]byte, ...jsonstrict.Field) error{"Decode": jsonstrict.Decode, "DecodeKnown": jsonstrict.DecodeKnown} {
				var got target
				if err := decode([]byte(tc.data), got.fields()...); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if !reflect.DeepEqual(got, tc.want) {
					t.Errorf("%s: got %+v, want %+v", name, got, tc.want)
				}
			}
		})
	}
}

func TestMalformed(t *testing.T) {
	for name, data := range map[string]string{
		"empty":                    ``,
		"white space":              "  \n",
		"null":                     `null`,
		"string":                   `"login"`,
		"array":                    `[]`,
		"array of one":             `[{"login":"ada","stay":true}]`,
		"byte order mark":          "\ufeff" + `{"login":"ada","stay":true}`,
		"unclosed":                 `{"login":"ada","stay":true`,
		"trailing comma":           `{"login":"ada","stay":true,}`,
		"trailing data":            `{"login":"ada","stay":true}x`,
		"two objects":              `{"login":"ada","stay":true}{}`,
		"comment":                  `{"login":"ada","stay":true/**/}`,
		"single quotes":            `{'login':'ada','stay':true}`,
		"duplicate":                `{"login":"ada","stay":true,"login":"eve"}`,
		"equal duplicate":          `{"login":"ada","stay":true,"login":"ada"}`,
		"escaped duplicate":        `{"login":"ada","stay":true,"log\u0069n":"eve"}`,
		"duplicate of null":        `{"login":"ada","stay":true,"info":null,"info":"x"}`,
		"invalid UTF-8":            "{\"login\":\"ad\xff\",\"stay\":true}",
		"invalid UTF-8 in a key":   "{\"login\":\"ada\",\"stay\":true,\"\xff\":1}",
		"encoded surrogate":        "{\"login\":\"\xed\xa0\x80\",\"stay\":true}",
		"overlong":                 "{\"login\":\"\xc0\xaf\",\"stay\":true}",
		"lone high surrogate":      `{"login":"\ud800","stay":true}`,
		"lone low surrogate":       `{"login":"\udc00","stay":true}`,
		"surrogates reversed":      `{"login":"\ude00\ud83d","stay":true}`,
		"high, high":               `{"login":"\ud83d\ud83d","stay":true}`,
		"high, other escape":       `{"login":"\ud83d\n","stay":true}`,
		"high, letter":             `{"login":"\ud83dx","stay":true}`,
		"high, letters like a low": `{"login":"\ud83dxude00","stay":true}`,
		"lone surrogate in a key":  `{"login":"ada","stay":true,"\udead":1}`,
		"pair split by two keys":   `{"\ud83d":"\ude00"}`,
		"control in a string":      "{\"login\":\"a\nb\",\"stay\":true}",
		"truncated escape":         `{"login":"\u12","stay":true}`,
		"deep":                     strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000),
		"field error and bad tail": `{"login":1,"stay":true}]`,
	} {
		t.Run(name, func(t *testing.T) {
			for name, decode := range map[string]func([]byte, ...jsonstrict.Field) error{"Decode": jsonstrict.Decode, "DecodeKnown": jsonstrict.DecodeKnown} {
				var got target
				if err := decode([]byte(data), got.fields()...); !errors.Is(err, jsonstrict.ErrMalformed) {
					t.Errorf("%s: %v, want ErrMalformed", name, err)
				}
			}
		})
	}
}

func TestUnknown(t *testing.T) {
	for name, tt := range map[string]struct{ extra, field string }{
		"string":         {`"other":"x"`, "other"},
		"null":           {`"other":null`, "other"},
		"nested":         {`"other":{"a":[1,2,{"login":"eve"}],"a":1}`, "other"},
		"number":         {`"other":1e999`, "other"},
		"other case":     {`"Login":"eve"`, "Login"},
		"empty name":     {`"":1`, ""},
		"digits":         {`"hunter2":1`, ""},
		"not ASCII":      {`"ſ":1`, ""},
		"a pointer":      {`"a/b~c":1`, ""},
		"control":        {`"a\u0000":1`, ""},
		"as long as may": {`"` + strings.Repeat("x", 40) + `":1`, strings.Repeat("x", 40)},
		"too long":       {`"` + strings.Repeat("x", 41) + `":1`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			data := []byte(`{"login":"ada",` + tt.extra + `,"stay":true}`)
			var got target
			want := jsonstrict.FieldErrors{{Field: tt.field, Fault: jsonstrict.Unknown}}
			if faults, _ := errors.AsType[jsonstrict.FieldErrors](jsonstrict.Decode(data, got.fields()...)); !reflect.DeepEqual(faults, want) {
				t.Errorf("Decode: %v, want %v", faults, want)
			}
			got = target{}
			if err := jsonstrict.DecodeKnown(data, got.fields()...); err != nil {
				t.Fatalf("DecodeKnown: %v", err)
			}
			if want := (target{Login: "ada", Stay: true}); !reflect.DeepEqual(got, want) {
				t.Errorf("DecodeKnown: got %+v, want %+v", got, want)
			}
		})
	}
	var got target
	if err := jsonstrict.DecodeKnown([]byte(`{"login":"ada","stay":true,"x":1,"\u0078":1}`), got.fields()...); !errors.Is(err, jsonstrict.ErrMalformed) {
		t.Errorf("duplicate unknown: %v, want ErrMalformed", err)
	}
}

func TestFieldErrors(t *testing.T) {
	for _, tc := range []struct {
		name, data string
		want       jsonstrict.FieldErrors
	}{
		{"missing", `{}`, jsonstrict.FieldErrors{{"login", jsonstrict.Missing}, {"stay", jsonstrict.Missing}}},
		{"null", `{"login":null,"stay":null}`, jsonstrict.FieldErrors{{"login", jsonstrict.Null}, {"stay", jsonstrict.Null}}},
		{"number, string", `{"login":1,"stay":"true"}`, jsonstrict.FieldErrors{{"login", jsonstrict.WrongType}, {"stay", jsonstrict.WrongType}}},
		{"array, object", `{"login":["ada"],"stay":{}}`, jsonstrict.FieldErrors{{"login", jsonstrict.WrongType}, {"stay", jsonstrict.WrongType}}},
		{"optional", `{"login":"ada","stay":true,"info":0,"flag":"no"}`, jsonstrict.FieldErrors{{"info", jsonstrict.WrongType}, {"flag", jsonstrict.WrongType}}},
		{"unknown and missing", `{"loginName":"ada","stay":true,"b2":1,"b1":1,"a":1}`, jsonstrict.FieldErrors{
			{"login", jsonstrict.Missing}, {"a", jsonstrict.Unknown}, {"", jsonstrict.Unknown}, {"loginName", jsonstrict.Unknown},
		}},
		{"many unknown", `{"login":"ada","stay":true,"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1}`, jsonstrict.FieldErrors{
			{"a", jsonstrict.Unknown}, {"b", jsonstrict.Unknown}, {"c", jsonstrict.Unknown}, {"d", jsonstrict.Unknown},
			{"e", jsonstrict.Unknown}, {"f", jsonstrict.Unknown}, {"g", jsonstrict.Unknown}, {"h", jsonstrict.Unknown},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var in target
			err := jsonstrict.Decode([]byte(tc.data), in.fields()...)
			got, ok := errors.AsType[jsonstrict.FieldErrors](err)
			if !ok || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

// Keys match in exact case, so the other one is both unknown and missing.
func TestCaseIsExact(t *testing.T) {
	var in target
	err := jsonstrict.DecodeKnown([]byte(`{"LOGIN":"ada","stay":true}`), in.fields()...)
	if got, _ := errors.AsType[jsonstrict.FieldErrors](err); !reflect.DeepEqual(got, jsonstrict.FieldErrors{{"login", jsonstrict.Missing}}) {
		t.Errorf("got %v, want login missing", err)
	}
}

// Errors repeat nothing of the data (I7).
func TestErrorsAreSilent(t *testing.T) {
	for _, data := range []string{
		`{"login":"ada","stay":true,"hunter2":1}`, `{"login":"ada","stay":true,"hunter":1}`, `{"login":{"hunter2":1},"stay":true}`,
		`hunter2`, `{"hunter2":"\ud800"}`, `{"hunter2":1,"hunter2":2}`,
	} {
		var in target
		if err := jsonstrict.Decode([]byte(data), in.fields()...); err == nil || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%s: error %v", data, err)
		}
	}
}

// Whatever is accepted, encoding/json reads the same values, and has replaced
// nothing in them.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"login":"ada","stay":true}`, `{"login":"\ud83d\ude00","stay":false,"info":"\u0000","flag":null}`,
		`{"log\u0069n":"ada","stay":true,"login":"eve"}`, `{"LOGIN":"ada","stay":true}`, "{\"login\":\"\xff\",\"stay\":true}",
		`{"login":"\ud800","stay":true}`, `{"login":"\ufffd","stay":true,"x":[{}]}`, `[]`, `{"login":"\\ud800","stay":true} `,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var strict, known target
		strictErr := jsonstrict.Decode(data, strict.fields()...)
		knownErr := jsonstrict.DecodeKnown(data, known.fields()...)
		if strictErr == nil && (knownErr != nil || !reflect.DeepEqual(strict, known)) {
			t.Fatalf("Decode %+v, DecodeKnown %+v, %v", strict, known, knownErr)
		}
		if knownErr != nil {
			return
		}
		var values map[string]any
		if err := json.Unmarshal(data, &values); err != nil {
			t.Fatalf("accepted, but encoding/json says: %v", err)
		}
		got := map[string]any{"login": known.Login, "stay": known.Stay}
		want := map[string]any{"login": values["login"], "stay": values["stay"]}
		if known.Info != nil || values["info"] != nil {
			got["info"], want["info"] = deref(known.Info), values["info"]
		}
		if known.Flag != nil || values["flag"] != nil {
			got["flag"], want["flag"] = deref(known.Flag), values["flag"]
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v, encoding/json has %v", got, want)
		}
		typed := strings.Contains(string(data), "\ufffd") || strings.Contains(strings.ToLower(string(data)), `\ufffd`)
		if strings.Contains(known.Login, "\ufffd") && !typed {
			t.Fatal("U+FFFD that nobody typed")
		}
	})
}

func deref[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

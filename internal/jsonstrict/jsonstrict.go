// Package jsonstrict decodes the JSON objects that requests about passwords
// consist of: flat, with string and boolean fields.
//
// It is stricter than encoding/json, which lets the last of two equal keys win,
// matches keys in any case, takes null for anything, and turns invalid UTF-8 and
// lone surrogates into U+FFFD, so that different passwords become equal. Here
// all of that is an error.
package jsonstrict

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrMalformed says that the data is not one JSON object of distinct keys in
// valid UTF-8. The text of the error says why, and repeats nothing of the data.
var ErrMalformed = errors.New("malformed JSON")

// Fault is what is wrong with a field.
type Fault string

// The faults.
const (
	Missing   Fault = "missing"    // and required
	Null      Fault = "null"       // and required
	WrongType Fault = "wrong_type" // not a string, or not a boolean
	Unknown   Fault = "unknown"    // the object has it, and nobody asked for it

	// For those who look at more than one field, or at what is in one.
	Exclusive  Fault = "exclusive"   // one of several that are given, of which one may be
	NotAllowed Fault = "not_allowed" // a value of no meaning
)

// FieldError is one field of a well-formed object that does not fit. The name is
// that of the decoder's caller. Only that of an Unknown one is of the data, and is
// for who sent it alone: letters and underscores, or "" if it is not that plain, for it
// may be a value that slipped into the place of a name.
type FieldError struct {
	Field string
	Fault Fault
}

// FieldErrors are all the fields that do not fit, in the order they were asked
// for. It is never empty where it is an error.
type FieldErrors []FieldError

func (e FieldErrors) Error() string {
	if e[0].Fault == Unknown {
		return fmt.Sprintf("%d fields are unknown", len(e))
	}
	return fmt.Sprintf("field %q is %s, %d in all do not fit", e[0].Field, e[0].Fault, len(e))
}

// maxUnknown is how many unknown fields are listed, and maxName how long their names are.
const maxUnknown, maxName = 8, 40

// unknown lists the keys that nobody asked for, in their order.
func unknown(values map[string]json.RawMessage) (faults FieldErrors) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if len(faults) == maxUnknown {
			break
		}
		if len(name) > maxName || strings.ContainsFunc(name, func(r rune) bool {
			return r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		}) {
			name = ""
		}
		if fault := (FieldError{name, Unknown}); !slices.Contains(faults, fault) {
			faults = append(faults, fault)
		}
	}
	return faults
}

// Field says where the value of one key goes.
type Field struct {
	name     string
	optional bool
	set      func(value json.RawMessage) error // the value is not null
}

// String is a required string.
func String(name string, to *string) Field { return required(name, to) }

// Bool is a required boolean.
func Bool(name string, to *bool) Field { return required(name, to) }

// OptionalString is a string that may be absent or null, which leave nil.
func OptionalString(name string, to **string) Field { return optional(name, to) }

// OptionalBool is a boolean that may be absent or null, which leave nil.
func OptionalBool(name string, to **bool) Field { return optional(name, to) }

func required[T string | bool](name string, to *T) Field {
	return Field{name: name, set: func(value json.RawMessage) error { return json.Unmarshal(value, to) }}
}

func optional[T string | bool](name string, to **T) Field {
	return Field{name: name, optional: true, set: func(value json.RawMessage) error { return json.Unmarshal(value, to) }}
}

// Decode decodes one object that has these fields and no others. The error is
// ErrMalformed or FieldErrors; what was decoded is then of no use. Time and
// memory are linear in len(data), which the caller bounds.
func Decode(data []byte, fields ...Field) error { return decode(data, false, fields) }

// DecodeKnown is [Decode] for an object that may have other fields as well, of
// any type. They are passed over, but two of one name are still refused.
func DecodeKnown(data []byte, fields ...Field) error { return decode(data, true, fields) }

func decode(data []byte, ignoreUnknown bool, fields []Field) error {
	values, err := object(data)
	if err != nil {
		return err
	}
	var faults FieldErrors
	for _, f := range fields {
		value, present := values[f.name]
		delete(values, f.name)
		null := string(value) == "null"
		switch {
		case f.optional && (!present || null):
		case !present:
			faults = append(faults, FieldError{f.name, Missing})
		case null:
			faults = append(faults, FieldError{f.name, Null})
		case f.set(value) != nil:
			faults = append(faults, FieldError{f.name, WrongType})
		}
	}
	if !ignoreUnknown {
		faults = append(faults, unknown(values)...)
	}
	if len(faults) > 0 {
		return faults
	}
	return nil
}

// object splits an object into its keys and undecoded values.
func object(data []byte) (map[string]json.RawMessage, error) {
	switch {
	case !utf8.Valid(data):
		return nil, fmt.Errorf("%w: invalid UTF-8", ErrMalformed)
	case !json.Valid(data):
		return nil, fmt.Errorf("%w: syntax", ErrMalformed)
	case !surrogatesPaired(data):
		return nil, fmt.Errorf("%w: lone surrogate", ErrMalformed)
	}
	members, err := Members(data)
	if err != nil {
		return nil, fmt.Errorf("%w: not an object", ErrMalformed)
	}
	values := make(map[string]json.RawMessage, len(members))
	for _, m := range members {
		if _, twice := values[m.Name]; twice {
			return nil, fmt.Errorf("%w: duplicate key", ErrMalformed)
		}
		values[m.Name] = m.Value
	}
	return values, nil
}

// surrogatesPaired reports whether every \u escape of a surrogate is half of a
// pair. The data is valid JSON, so backslashes occur in strings only, and each
// begins a whole escape.
func surrogatesPaired(data []byte) bool {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		i++
		if data[i] != 'u' {
			continue
		}
		r := hex4(data[i+1:])
		i += 4
		if !utf16.IsSurrogate(r) {
			continue
		}
		if data[i+1] != '\\' || data[i+2] != 'u' || utf16.DecodeRune(r, hex4(data[i+3:])) == unicode.ReplacementChar {
			return false
		}
		i += 6
	}
	return true
}

func hex4(data []byte) rune {
	n, _ := strconv.ParseUint(string(data[:4]), 16, 16)
	return rune(n)
}

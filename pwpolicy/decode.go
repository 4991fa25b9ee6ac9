package pwpolicy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// ParamError says which parameter of a rule does not do, and why. A rule's
// Validate method returns it to have the parameter named in the policy's error.
type ParamError struct {
	Param   string // as in the JSON form: "min", "required[0].min"
	Problem string // "7 is under 8 (see insecure_min_length)"
}

func (e *ParamError) Error() string { return e.Param + ": " + e.Problem }

func paramError(param, format string, args ...any) error {
	return &ParamError{param, fmt.Sprintf(format, args...)}
}

// inRule names the rule that an error comes from.
func inRule(name string, err error) error {
	if e, ok := errors.AsType[*ParamError](err); ok {
		return &ParamError{"rules." + name + "." + e.Param, e.Problem}
	}
	return fmt.Errorf("rules.%s: %w", name, err)
}

// DecodeParams decodes the parameters of a rule into the struct that to points
// to: strings, booleans, numbers, slices and structs of these, and what has an
// UnmarshalJSON of its own. A field is named by its json tag, or else by its own
// name, to the letter; unexported fields and those tagged "-" are no parameters.
// It is stricter than encoding/json: unknown members, null and U+FFFD are errors,
// which are ParamErrors.
func DecodeParams(params json.RawMessage, to any) error {
	v := reflect.ValueOf(to)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("pwpolicy: DecodeParams needs a pointer to a struct, not a %T", to)
	}
	return decodeValue(params, v.Elem(), "")
}

func decodeValue(data json.RawMessage, v reflect.Value, path string) error {
	if string(data) == "null" {
		return paramError(path, "is null")
	}
	if u, ok := v.Addr().Interface().(json.Unmarshaler); ok {
		err := u.UnmarshalJSON(data)
		if e, ok := errors.AsType[*ParamError](err); ok {
			return &ParamError{join(path, e.Param), e.Problem}
		}
		if err != nil {
			return paramError(path, "%v", err)
		}
		return nil
	}
	switch {
	case v.Kind() == reflect.Struct:
		return decodeStruct(data, v, path)
	case v.Kind() == reflect.Slice:
		return decodeSlice(data, v, path)
	}
	if err := json.Unmarshal(data, v.Addr().Interface()); err != nil {
		return paramError(path, "is not %s", kindOf(v))
	}
	if v.Kind() == reflect.String && strings.ContainsRune(v.String(), '\uFFFD') {
		return paramError(path, "has U+FFFD or half a surrogate pair in it")
	}
	return nil
}

// kindOf says what JSON a value takes.
func kindOf(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.Bool:
		return "true or false"
	case v.Kind() == reflect.String:
		return "a string"
	case v.CanInt(), v.CanUint():
		return "a whole number in range"
	case v.CanFloat():
		return "a number"
	}
	return "a " + v.Type().String()
}

func decodeStruct(data json.RawMessage, v reflect.Value, path string) error {
	members, err := membersOf(data)
	if err != nil {
		return paramError(path, "%v", err)
	}
	for _, m := range members {
		at := join(path, m.name)
		field, known := fieldOf(v, m.name)
		if !known {
			return paramError(at, "is unknown")
		}
		if err := decodeValue(m.value, field, at); err != nil {
			return err
		}
	}
	return nil
}

func decodeSlice(data json.RawMessage, v reflect.Value, path string) error {
	var items []json.RawMessage
	if err := json.Unmarshal(data, &items); err != nil {
		return paramError(path, "is not an array")
	}
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	for i, item := range items {
		if err := decodeValue(item, v.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

// fieldOf returns the exported field that a member of this very name goes to.
func fieldOf(v reflect.Value, name string) (reflect.Value, bool) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag == "" {
			tag = f.Name
		}
		if f.IsExported() && tag != "-" && tag == name {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// member is a key of a JSON object and its undecoded value.
type member struct {
	name  string
	value json.RawMessage
}

// membersOf splits a JSON object, whose syntax has been checked, in its order.
func membersOf(data json.RawMessage) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if first, err := dec.Token(); err != nil || first != json.Delim('{') {
		return nil, errors.New("is not an object")
	}
	var all []member
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, errors.New("is not an object")
		}
		m := member{}
		m.name, _ = key.(string)
		if err := dec.Decode(&m.value); err != nil {
			return nil, errors.New("is not an object")
		}
		all = append(all, m)
	}
	return all, nil
}

// scope is an object or array that is being read.
type scope struct {
	keys map[string]bool // nil in an array
	key  string          // whose value comes next; "" where a key does
	item int             // the element that comes next
}

func (s *scope) expectsKey() bool { return s.keys != nil && s.key == "" }

// checkMembers refuses valid JSON that has a key twice in one object: decoders
// differ in which of the two they take. Keys that are empty are refused as well.
func checkMembers(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var open []*scope
	for {
		token, err := dec.Token()
		if err != nil {
			return nil // the end: the syntax is valid
		}
		delim, _ := token.(json.Delim)
		if delim == '}' || delim == ']' {
			open = open[:len(open)-1]
		}
		if len(open) > 0 {
			in := open[len(open)-1]
			if name, isString := token.(string); isString && in.expectsKey() {
				if in.key = name; in.keys[name] || name == "" {
					return paramError(pathOf(open), "is there twice, or has no name")
				}
				in.keys[name] = true
				continue
			}
			if delim != '{' && delim != '[' { // a value is complete
				in.key = ""
				in.item++
			}
		}
		switch delim {
		case '{':
			open = append(open, &scope{keys: map[string]bool{}})
		case '[':
			open = append(open, &scope{})
		}
	}
}

func pathOf(open []*scope) string {
	path := ""
	for _, s := range open {
		if s.keys == nil {
			path += fmt.Sprintf("[%d]", s.item)
		} else {
			path = join(path, s.key)
		}
	}
	return path
}

func join(path, name string) string {
	if path == "" || name == "" {
		return path + name
	}
	return path + "." + name
}

package pwpolicy

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/passwd-go/passwd/internal/jsonstrict"
)

// ParamError says which parameter of a rule is unacceptable, and why. A rule's
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
// UnmarshalJSON of its own. A field is named by its json tag, or else exactly by
// its own name; unexported fields and those tagged "-" are not parameters. It is
// stricter than encoding/json: unknown members, null and U+FFFD are errors, which
// are ParamErrors.
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
			return &ParamError{jsonstrict.Join(path, e.Param), e.Problem}
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
	members, err := jsonstrict.Members(data)
	if err != nil {
		return paramError(path, "%v", err)
	}
	for _, m := range members {
		at := jsonstrict.Join(path, m.Name)
		field, known := fieldOf(v, m.Name)
		if !known {
			return paramError(at, "is unknown")
		}
		if err := decodeValue(m.Value, field, at); err != nil {
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

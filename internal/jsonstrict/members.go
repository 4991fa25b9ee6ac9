package jsonstrict

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Member is a key of a JSON object and its undecoded value.
type Member struct {
	Name  string
	Value json.RawMessage
}

// Members splits an object, whose syntax has been checked, in its order. The keys
// are decoded, so that escapes make no second key. Its error is for what is not an
// object.
func Members(data json.RawMessage) ([]Member, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if first, err := dec.Token(); err != nil || first != json.Delim('{') {
		return nil, errors.New("is not an object")
	}
	var all []Member
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, errors.New("is not an object")
		}
		m := Member{}
		m.Name, _ = key.(string)
		if err := dec.Decode(&m.Value); err != nil {
			return nil, errors.New("is not an object")
		}
		all = append(all, m)
	}
	return all, nil
}

// RepeatedError is a key that an object has twice, or that is empty.
type RepeatedError struct {
	Path string // "rules.length", "required[0].min"
}

func (e *RepeatedError) Error() string { return e.Path + " is there twice, or has no name" }

// Unique refuses valid JSON that has a key twice in one object, at any depth, by a
// [*RepeatedError]: decoders differ in which of the two they take. Keys that are
// empty are refused as well.
func Unique(data []byte) error {
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
					return &RepeatedError{pathOf(open)}
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

// scope is an object or array that is being read.
type scope struct {
	keys map[string]bool // nil in an array
	key  string          // whose value comes next; "" where a key does
	item int             // the element that comes next
}

func (s *scope) expectsKey() bool { return s.keys != nil && s.key == "" }

func pathOf(open []*scope) string {
	path := ""
	for _, s := range open {
		if s.keys == nil {
			path += fmt.Sprintf("[%d]", s.item)
		} else {
			path = Join(path, s.key)
		}
	}
	return path
}

// Join appends the name of a member to a path.
func Join(path, name string) string {
	if path == "" || name == "" {
		return path + name
	}
	return path + "." + name
}

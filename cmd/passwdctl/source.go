package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
)

// row is one user of an export, by the names of its columns.
type row struct {
	number int
	fields map[string]string
}

// source is an export.
type source struct {
	file string
	kind string
}

var kinds = []string{"csv", "tsv", "jsonl", "json", "firebase", "auth0", "keycloak", "django", "htpasswd", "ldif"}

// guessKind tells by a file's name and its first bytes what it is.
func guessKind(file string, head []byte) string {
	trimmed := bytes.TrimLeft(head, " \t\r\n\ufeff")
	if strings.HasSuffix(file, "shadow") {
		return "htpasswd"
	}
	for _, suffix := range []string{"csv", "tsv", "jsonl", "ndjson", "ldif", "htpasswd"} {
		if strings.HasSuffix(strings.ToLower(file), suffix) {
			return strings.Replace(suffix, "ndjson", "jsonl", 1)
		}
	}
	switch {
	case bytes.HasPrefix(trimmed, []byte("[")):
		if bytes.Contains(head, []byte(`"model"`)) && bytes.Contains(head, []byte(`"fields"`)) {
			return "django"
		}
		return "json"
	case bytes.HasPrefix(trimmed, []byte("{")):
		first, _, more := bytes.Cut(trimmed, []byte("\n"))
		if more && json.Valid(first) {
			return "jsonl"
		}
		if bytes.Contains(head, []byte(`"localId"`)) {
			return "firebase"
		}
		if bytes.Contains(head, []byte(`"realm"`)) || bytes.Contains(head, []byte(`"credentials"`)) {
			return "keycloak"
		}
		if json.Valid(bytes.TrimSpace(trimmed)) && !bytes.Contains(head, []byte(`"users"`)) {
			return "jsonl"
		}
		return "json"
	case bytes.HasPrefix(trimmed, []byte("dn:")), bytes.HasPrefix(trimmed, []byte("version:")):
		return "ldif"
	}
	return "csv"
}

// rows reads one user after the other; memory does not grow with their number. An error ends
// them, but a row that is malformed itself is an error and the next one follows.
func (s source) rows() iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		in := io.Reader(os.Stdin)
		if s.file != "-" {
			f, err := os.Open(s.file)
			if err != nil {
				yield(row{}, usage("%w", err))
				return
			}
			defer f.Close()
			in = f
		}
		b := bufio.NewReaderSize(in, 64<<10)
		head, _ := b.Peek(16 << 10)
		kind := s.kind
		if kind == "" {
			kind = guessKind(s.file, head)
		}
		if bytes.HasPrefix(head, []byte("\ufeff")) {
			b.Discard(3)
		}
		switch kind {
		case "csv", "tsv":
			readCSV(b, kind, yield)
		case "jsonl", "auth0":
			readJSONLines(b, yield)
		case "json", "firebase", "keycloak", "django":
			readJSON(b, kind, yield)
		case "htpasswd":
			readHtpasswd(b, yield)
		case "ldif":
			readLDIF(b, yield)
		default:
			yield(row{}, usage("%q is no kind of export: %s", kind, strings.Join(kinds, ", ")))
		}
	}
}

type yieldRow = func(row, error) bool

func readCSV(in io.Reader, kind string, yield yieldRow) {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	if kind == "tsv" {
		r.Comma, r.LazyQuotes = '\t', true
	}
	header, err := r.Read()
	if err != nil {
		if !errors.Is(err, io.EOF) {
			yield(row{}, usage("CSV: %w", err))
		}
		return
	}
	names := slices.Clone(header)
	for n := 1; ; n++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if parse, ok := errors.AsType[*csv.ParseError](err); err != nil && (!ok || !errors.Is(parse.Err, csv.ErrFieldCount)) {
			yield(row{number: n}, fmt.Errorf("CSV: %w", err))
			return
		}
		if err != nil {
			if !yield(row{number: n}, fmt.Errorf("CSV: %w", err)) {
				return
			}
			continue
		}
		fields := make(map[string]string, len(names))
		for i, name := range names {
			fields[name] = strings.Clone(record[i])
		}
		if !yield(row{n, fields}, nil) {
			return
		}
	}
}

const maxLine = 1 << 20

func readJSONLines(in io.Reader, yield yieldRow) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		fields, err := flatten(line)
		if err != nil {
			err = fmt.Errorf("line %d is not a JSON object", n)
		}
		if !yield(row{n, fields}, err) {
			return
		}
	}
	if err := lines.Err(); err != nil {
		yield(row{}, err)
	}
}

// flatten makes a row of a JSON object. What is no string stays JSON.
func flatten(object []byte) (map[string]string, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(object, &raw); err != nil {
		return nil, err
	}
	fields := make(map[string]string, len(raw))
	for name, v := range raw {
		var s string
		if json.Unmarshal(v, &s) != nil {
			s = string(v)
		}
		if string(v) == "null" {
			s = ""
		}
		fields[name] = s
	}
	return fields, nil
}

// readJSON reads the objects of the array at the top, or of that in its member "users".
func readJSON(in io.Reader, kind string, yield yieldRow) {
	d := json.NewDecoder(in)
	if err := enterArray(d); err != nil {
		yield(row{}, usage("JSON: %w", err))
		return
	}
	for n := 1; d.More(); n++ {
		var object json.RawMessage
		if err := d.Decode(&object); err != nil {
			yield(row{number: n}, fmt.Errorf("JSON: %w", err))
			return
		}
		fields, err := flatten(object)
		if err == nil {
			fields, err = unfold(kind, object, fields)
		}
		if fields == nil && err == nil {
			continue // no user
		}
		if !yield(row{n, fields}, err) {
			return
		}
	}
}

func enterArray(d *json.Decoder) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t == json.Delim('[') {
		return nil
	}
	for t == json.Delim('{') && d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		if name == "users" {
			if t, err := d.Token(); err != nil || t != json.Delim('[') {
				return errors.New("users is no array")
			}
			return nil
		}
		if err := skip(d); err != nil {
			return err
		}
	}
	return errors.New("there is no array of users")
}

// skip reads over one value without keeping it.
func skip(d *json.Decoder) error {
	for depth := 0; ; {
		t, err := d.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// unfold makes the columns of what an export has deeper inside. It is nil for what is no user.
func unfold(kind string, object []byte, fields map[string]string) (map[string]string, error) {
	switch {
	case fields["passwordHash"] != "" && fields["salt"] != "" && (kind == "firebase" || fields["localId"] != ""):
		hash, err := json.Marshal(map[string]string{"passwordHash": fields["passwordHash"], "salt": fields["salt"]})
		if err != nil {
			return nil, err
		}
		fields["id"], fields["hash"] = fields["localId"], string(hash)
		delete(fields, "salt")
	case fields["credentials"] != "" && strings.HasPrefix(fields["credentials"], "["):
		var credentials []json.RawMessage
		if err := json.Unmarshal([]byte(fields["credentials"]), &credentials); err != nil {
			return nil, err
		}
		for _, c := range credentials {
			var of struct{ Type string }
			if json.Unmarshal(c, &of) == nil && (of.Type == "password" || of.Type == "password-history" && fields["hash"] == "") {
				fields["hash"] = string(c)
			}
		}
	case kind == "django":
		var fixture struct {
			Model  string
			PK     json.RawMessage
			Fields json.RawMessage
		}
		if err := json.Unmarshal(object, &fixture); err != nil {
			return nil, err
		}
		inner, err := flatten(fixture.Fields)
		if _, isUser := inner["password"]; err != nil || !isUser {
			return nil, nil
		}
		inner["id"] = strings.Trim(string(fixture.PK), `"`)
		return inner, nil
	}
	return fields, nil
}

// readHtpasswd reads lines of user:hash, and what follows a second colon not at all.
func readHtpasswd(in io.Reader, yield yieldRow) {
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		user, hash, ok := strings.Cut(line, ":")
		hash, _, _ = strings.Cut(hash, ":") // of /etc/shadow and passwd-file
		var err error
		if !ok {
			err = fmt.Errorf("line %d has no colon", n)
		}
		if !yield(row{n, map[string]string{"username": user, "hash": hash}}, err) {
			return
		}
	}
}

func readLDIF(in io.Reader, yield yieldRow) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	fields, name, n := map[string]string{}, "", 0
	end := func() bool {
		entry := fields
		fields, name = map[string]string{}, ""
		if entry["userpassword"] == "" {
			return true
		}
		n++
		entry["hash"], entry["username"], entry["email"] = entry["userpassword"], entry["uid"], entry["mail"]
		for key, v := range entry {
			if encoded, ok := strings.CutPrefix(v, "::"); ok {
				b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
				if err != nil {
					return yield(row{number: n}, fmt.Errorf("entry %d: %s is not base64", n, key))
				}
				entry[key] = string(b)
			}
		}
		return yield(row{n, entry}, nil)
	}
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		switch {
		case line == "":
			if !end() {
				return
			}
		case strings.HasPrefix(line, " ") && name != "":
			fields[name] += line[1:]
		case strings.HasPrefix(line, "#"):
			name = ""
		default:
			attribute, v, _ := strings.Cut(line, ":")
			name = strings.ToLower(attribute)
			if _, twice := fields[name]; twice {
				name = "" // the first value is the one
				continue
			}
			if strings.HasPrefix(v, ":") {
				fields[name] = ":" + v
			} else {
				fields[name] = strings.TrimPrefix(v, " ")
			}
		}
	}
	end()
}

package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/internal/jsonstrict"
)

// The media types of bodies.
const (
	typeJSON      = "application/json"
	typeForm      = "application/x-www-form-urlencoded"
	typeMultipart = "multipart/form-data"
)

// text is a required field. In a form an empty field is one that was not filled
// in; so it is in JSON.
type text struct {
	name string
	to   *string
}

// decode reads a body of any of the media types. What it returns is malformed
// altogether, or jsonstrict.FieldErrors; then the fields that fit are set
// nevertheless. Fields that nobody asked for are passed over, but neither may
// one occur twice.
func decode(b endpoint.Body, required []text, optional ...jsonstrict.Field) error {
	object, err := asJSON(b)
	if err != nil {
		return err
	}
	fields := make([]jsonstrict.Field, 0, len(required)+len(optional))
	for _, f := range required {
		fields = append(fields, jsonstrict.String(f.name, f.to))
	}
	err = jsonstrict.DecodeKnown(object, append(fields, optional...)...)
	faults, wellFormed := errors.AsType[jsonstrict.FieldErrors](err)
	if err != nil && !wellFormed {
		return err
	}
	var all jsonstrict.FieldErrors
	for _, f := range required {
		i := slices.IndexFunc(faults, func(e jsonstrict.FieldError) bool { return e.Field == f.name })
		switch {
		case i >= 0:
			all = append(all, faults[i])
			faults = slices.Delete(faults, i, i+1)
		case *f.to == "":
			all = append(all, jsonstrict.FieldError{Field: f.name, Fault: jsonstrict.Missing})
		}
	}
	if all = append(all, faults...); len(all) > 0 {
		return all
	}
	return nil
}

// asJSON turns a form into the object of its fields, so that one decoder judges
// all bodies.
func asJSON(b endpoint.Body) ([]byte, error) {
	var fields map[string]string
	var err error
	switch b.MediaType {
	case typeForm:
		fields, err = urlencoded(b.Data)
	case typeMultipart:
		fields, err = multipartForm(b.Data, b.Params["boundary"])
	default:
		return b.Data, nil
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}

// What is wrong with a form. No text repeats anything of it.
var (
	errFormSyntax = errors.New("malformed form")
	errFormTwice  = errors.New("malformed form: field occurs twice")
	errFormText   = errors.New("malformed form: not UTF-8")
	errFormFile   = errors.New("malformed form: file")
)

func urlencoded(data []byte) (map[string]string, error) {
	values, err := url.ParseQuery(string(data))
	if err != nil {
		return nil, errFormSyntax // its own text repeats the body
	}
	fields := make(map[string]string, len(values))
	for name, all := range values {
		for _, value := range all {
			if err := put(fields, name, value); err != nil {
				return nil, err
			}
		}
	}
	return fields, nil
}

// put adds a field to a form. Invalid UTF-8 would make different passwords equal.
func put(fields map[string]string, name, value string) error {
	if !utf8.ValidString(name) || !utf8.ValidString(value) {
		return errFormText
	}
	if _, twice := fields[name]; twice {
		return errFormTwice
	}
	fields[name] = value
	return nil
}

// multipartForm reads a form of plain fields (RFC 7578): no files, no transfer
// encodings, no character set but UTF-8.
func multipartForm(data []byte, boundary string) (map[string]string, error) {
	if boundary == "" {
		return nil, errFormSyntax
	}
	parts := multipart.NewReader(bytes.NewReader(data), boundary)
	fields := make(map[string]string)
	for {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			return fields, nil
		}
		if err != nil {
			return nil, errFormSyntax
		}
		name, err := fieldName(p)
		if err != nil {
			return nil, err
		}
		value, err := io.ReadAll(p)
		if err != nil {
			return nil, errFormSyntax
		}
		if err := put(fields, name, string(value)); err != nil {
			return nil, err
		}
	}
}

func fieldName(p *multipart.Part) (string, error) {
	disposition, params, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
	name, named := params["name"]
	if err != nil || disposition != "form-data" || !named {
		return "", errFormSyntax
	}
	if _, file := params["filename"]; file {
		return "", errFormFile
	}
	switch strings.ToLower(p.Header.Get("Content-Transfer-Encoding")) {
	case "", "7bit", "8bit", "binary":
	default:
		return "", errFormSyntax
	}
	if declared := p.Header.Get("Content-Type"); declared != "" {
		_, params, err := mime.ParseMediaType(declared)
		if err != nil {
			return "", errFormSyntax
		}
		if charset, given := params["charset"]; given && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "us-ascii") {
			return "", errFormText
		}
	}
	return name, nil
}

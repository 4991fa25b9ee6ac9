package dbtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/passwd-go/passwd/internal/exchange"
	"github.com/passwd-go/passwd/wire"
)

// document is an OpenAPI document and what has been seen of it.
type document struct {
	name  string
	plain *openapi3.T
	// localized is for replies whose texts follow Accept-Language, where that is
	// the host's choice.
	localized *openapi3.T
	seen      map[string]int // outcomes, by the names that covered has for them
}

func load(t *testing.T) map[string]*document {
	t.Helper()
	all := map[string]*document{}
	for name, texts := range map[string][2][]byte{
		"api":     {served(t), served(t)},
		"grant":   {wire.Grant{}.OpenAPI(), wire.Grant{}.OpenAPI()},
		"profile": {wire.Profile{}.OpenAPI(), wire.Profile{Localize: true}.OpenAPI()},
		"signin":  {wire.SignIn{}.OpenAPI(), wire.SignIn{Localize: true}.OpenAPI()},
		"remind":  {wire.Remind{}.OpenAPI(), wire.Remind{Localize: true}.OpenAPI()},
		"brand":   {wire.Brand{}.OpenAPI(), wire.Brand{Localize: true}.OpenAPI()},
	} {
		all[name] = &document{name: name, plain: parse(t, name, texts[0]), localized: parse(t, name, texts[1]), seen: map[string]int{}}
	}
	return all
}

// parse reads a document, which must be one of OpenAPI 3.1, examples included.
func parse(t *testing.T, name string, text []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if !doc.IsOpenAPI31OrLater() {
		t.Fatalf("%s: OpenAPI %s", name, doc.OpenAPI)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.AllowExtensionsWithRef()); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return doc
}

// check holds an exchange against the document.
func (d *document) check(ctx context.Context, e exchange.Exchange) error {
	doc := d.plain
	if e.ReplyHeader.Get("Content-Language") != "" {
		doc = d.localized
	}
	described, path := find(doc, e.Path)
	if path == nil {
		d.seen["other paths "+strconv.Itoa(e.Status)]++
		return d.stands(ctx, doc, e, nil, doc.Extensions["x-other-paths"], http.StatusNotFound)
	}
	operation := path.Operations()[e.Method]
	if operation == nil {
		d.seen["other methods "+described]++
		return d.stands(ctx, doc, e, path, path.Extensions["x-other-methods"], http.StatusMethodNotAllowed)
	}
	name := e.Method + " " + described
	response := operation.Responses.Status(e.Status)
	if response == nil {
		if e.Status != http.StatusInternalServerError { // whatever else default allows to a host, none does it here
			return fmt.Errorf("the status is not described")
		}
		response = operation.Responses.Default()
	} else {
		d.seen[name+" "+strconv.Itoa(e.Status)]++
	}
	if response == nil {
		return fmt.Errorf("the status is not described")
	}
	in, err := input(doc, path, operation, e)
	if err != nil {
		return err
	}
	if e.Status < 300 {
		mediaType, _, _ := strings.Cut(strings.ToLower(e.Header.Get("Content-Type")), ";")
		d.seen[name+" "+mediaType]++
		d.seen[e.Path+" accepted"]++
		if err := openapi3filter.ValidateRequest(ctx, in); err != nil {
			return fmt.Errorf("accepted, but %w", err)
		}
	}
	return reply(ctx, in, e, response.Value)
}

// find returns the path that describes another: x-also is where it is served as
// well.
func find(doc *openapi3.T, path string) (string, *openapi3.PathItem) {
	for described, item := range doc.Paths.Map() {
		if path == described || path == item.Extensions["x-also"] {
			return described, item
		}
	}
	return "", nil
}

// stands holds a reply against a response that is no operation's: OpenAPI has no
// place for those to other paths and methods.
func (d *document) stands(ctx context.Context, doc *openapi3.T, e exchange.Exchange, path *openapi3.PathItem, extension any, status int) error {
	if e.Status != status {
		return fmt.Errorf("not %d, and not described", status)
	}
	ref, _ := extension.(string)
	response := doc.Components.Responses[strings.TrimPrefix(ref, "#/components/responses/")]
	if response == nil {
		return fmt.Errorf("no response %q", ref)
	}
	operation := &openapi3.Operation{Responses: openapi3.NewResponses(openapi3.WithStatus(status, response))}
	in, err := input(doc, path, operation, e)
	if err != nil {
		return err
	}
	return reply(ctx, in, e, response.Value)
}

func input(doc *openapi3.T, path *openapi3.PathItem, operation *openapi3.Operation, e exchange.Exchange) (*openapi3filter.RequestValidationInput, error) {
	r, err := http.NewRequest(e.Method, "http://"+e.Host+e.Target, bytes.NewReader(e.Body))
	if err != nil {
		return nil, err
	}
	r.Header = e.Header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	return &openapi3filter.RequestValidationInput{
		Request: r,
		Route:   &routers.Route{Spec: doc, Path: e.Path, PathItem: path, Method: e.Method, Operation: operation},
		Options: &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: credentials, SkipSettingDefaults: true},
	}, nil
}

// credentials reports whether a request has what a security scheme asks for.
func credentials(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	r, s := in.RequestValidationInput.Request, in.SecurityScheme
	sent := false
	switch {
	case s.Type == "http":
		scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		sent = strings.EqualFold(scheme, s.Scheme)
	case s.In == "header":
		sent = r.Header.Get(s.Name) != ""
	case s.In == "cookie":
		sent = len(r.Cookies()) > 0 // its name is the host's
	}
	if !sent {
		return fmt.Errorf("no %s", in.SecuritySchemeName)
	}
	return nil
}

// hosts are headers that hosts and servers add in tests.
var hosts = []string{"Content-Length", "Content-Type", "Date", "Set-Cookie", "X-Session"}

// reply holds a reply against a response: status, shape, and that it has the
// headers described and no others.
func reply(ctx context.Context, in *openapi3filter.RequestValidationInput, e exchange.Exchange, response *openapi3.Response) error {
	for name := range e.ReplyHeader {
		described := slices.Contains(hosts, name)
		for other := range response.Headers {
			described = described || http.CanonicalHeaderKey(other) == name
		}
		if !described {
			return fmt.Errorf("header %s is not described", name)
		}
	}
	for name, header := range response.Headers {
		if header.Value.Required && len(e.ReplyHeader.Values(name)) != 1 {
			return fmt.Errorf("header %s: %q", name, e.ReplyHeader.Values(name))
		}
	}
	if e.Method == http.MethodHead {
		return nil
	}
	if len(response.Content) == 0 && len(e.ReplyBody) > 0 {
		return fmt.Errorf("a body, and none is described")
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: e.Status, Header: e.ReplyHeader, Options: in.Options}
	out.SetBodyBytes(e.ReplyBody)
	if err := openapi3filter.ValidateResponse(ctx, out); err != nil {
		return err
	}
	if len(e.ReplyBody) > 0 {
		return json.Unmarshal(e.ReplyBody, new(any))
	}
	return nil
}

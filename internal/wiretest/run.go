package wiretest

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
)

// Run runs every script under dir, testdata/wire, each in a world of its own. A
// script is a text file of exchanges and of lines that begin with @:
//
//	# a comment
//	@reveal                              before the first exchange: an option
//	@bearer alice Wonder!and-1865        sign in to a tenant: {{bearer}}
//	>>> what it is about
//	POST /path
//	Content-Type: application/json
//
//	{"token":"{{mail.token}}"}
//	<<<
//	200
//	Header: all that the reply has, sorted, but Content-Length
//
//	{"token":"{{jwt token}}"}
//
// In a request {{name}} stands for a value captured before; in a reply
// {{pattern name}} captures one. The replies must agree byte for byte. Whatever
// is refused leaves every account as it was. With update, replies that are empty
// are filled in.
func Run(t *testing.T, dir string, open Open, update bool) {
	scripts, err := filepath.Glob(filepath.Join(dir, "*", "*.txt"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("wiretest: no scripts under %s: %v", dir, err)
	}
	for _, name := range scripts {
		rel, _ := filepath.Rel(dir, name)
		t.Run(strings.TrimSuffix(filepath.ToSlash(rel), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			s := &script{t: t, open: open, file: rel, vars: map[string]string{}}
			s.run(strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"))
			if update && !t.Failed() {
				if err := os.WriteFile(name, []byte(strings.Join(s.out, "\n")+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

type script struct {
	t       *testing.T
	open    Open
	file    string
	line    int // of what is at hand, from 1
	out     []string
	options Options
	world   *World
	vars    map[string]string
	times   int
}

func (s *script) fatalf(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("%s:%d: %s", s.file, s.line, fmt.Sprintf(format, args...))
}

// run goes through the lines.
func (s *script) run(lines []string) {
	for i := 0; i < len(lines); {
		line := lines[i]
		s.line = i + 1
		switch {
		case line == "", strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "@"):
			s.directive(strings.Fields(line[1:]))
		case strings.HasPrefix(line, ">>>"):
			mid := find(lines, i+1, func(l string) bool { return l == "<<<" })
			end := find(lines, mid+1, func(l string) bool {
				return strings.HasPrefix(l, ">>>") || strings.HasPrefix(l, "@") || strings.HasPrefix(l, "#")
			})
			if mid >= len(lines) {
				s.fatalf("no reply")
			}
			s.out = append(s.out, lines[i:mid+1]...)
			s.out = append(s.out, s.exchange(lines[i+1:mid], trimEnd(lines[mid+1:end]))...)
			s.out = append(s.out, "")
			i = end
			continue
		default:
			s.fatalf("%q is neither a directive nor an exchange", line)
		}
		if line != "" || len(s.out) > 0 && s.out[len(s.out)-1] != "" {
			s.out = append(s.out, line)
		}
		i++
	}
	s.out = trimEnd(s.out)
}

func find(lines []string, from int, is func(string) bool) int {
	for i := from; i < len(lines); i++ {
		if is(lines[i]) {
			return i
		}
	}
	return len(lines)
}

func trimEnd(lines []string) []string {
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

func (s *script) at() *World {
	if s.world == nil {
		s.world = New(s.t, s.open, s.options)
	}
	return s.world
}

func (s *script) directive(words []string) {
	s.t.Helper()
	args := words[1:]
	switch words[0] {
	case "reveal":
		s.options.Reveal = true
	case "localize":
		s.options.Localize = true
	case "second-factor":
		s.options.SecondFactor = true
	case "busy":
		s.at().busy.Store(args[0] == "on")
	case "down":
		s.at().down.Store(args[0] == "on")
	case "advance":
		d, err := time.ParseDuration(args[0])
		if err != nil {
			s.fatalf("%v", err)
		}
		s.at().Clock.Advance(d)
	case "times":
		n, err := strconv.Atoi(args[0])
		if err != nil {
			s.fatalf("%v", err)
		}
		s.times = n
	case "keep": // new=old
		to, from, _ := strings.Cut(args[0], "=")
		s.vars[to] = s.value(from)
	case "long": // name length
		n, err := strconv.Atoi(args[1])
		if err != nil {
			s.fatalf("%v", err)
		}
		s.vars[args[0]] = strings.Repeat("é", n)
	case "bearer": // tenant login password
		s.vars["bearer"] = s.at().Bearer(s.t, passwd.Login{Tenant: args[0], Value: args[1]}, strings.Join(args[2:], " "))
	case "opens": // tenant login password
		if !s.at().Opens(s.t, passwd.Login{Tenant: args[0], Value: args[1]}, strings.Join(args[2:], " ")) {
			s.fatalf("the password does not open the account")
		}
	case "must": // tenant id
		err := s.at().Service.RequireChange(s.t.Context(), passwd.RequireChange{
			Account: passwd.Ref{Tenant: args[0], ID: args[1]}, Reason: passwd.Administrator,
		})
		if err != nil {
			s.fatalf("%v", err)
		}
	case "deliver": // kind:address …
		s.deliver(args)
	default:
		s.fatalf("no directive %q", words[0])
	}
}

// deliver works off the queue and compares what was sent, and to whom.
func (s *script) deliver(want []string) {
	s.t.Helper()
	var got []string
	for _, m := range s.at().Deliver(s.t) {
		got = append(got, string(m.Kind)+":"+m.To)
		if m.Kind == passwd.MessageResetLink {
			s.vars["mail.token"], s.vars["mail.user"] = string(m.Token), m.User
		}
	}
	slices.Sort(got)
	if want = slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
		s.fatalf("sent %v, want %v", got, want)
	}
}

func (s *script) value(name string) string {
	v, known := s.vars[name]
	if !known {
		s.fatalf("nothing was captured as %q", name)
	}
	return v
}

var placeholder = regexp.MustCompile(`\{\{([a-z0-9_.-]+)(?: ([a-z0-9_.-]+))?\}\}`)

// exchange makes a request, compares the reply, and returns it as it should stand.
func (s *script) exchange(request, want []string) []string {
	s.t.Helper()
	w := s.at()
	before := w.Rows(s.t)
	for ; s.times > 0; s.times-- {
		w.Do(s.request(request))
	}
	got := w.Do(s.request(request))
	lines := strings.Split(strings.TrimSuffix(render(got), "\n"), "\n")
	if len(want) == 0 {
		want = fill(lines)
	}
	s.match(lines, want)
	if length := got.Header().Get("Content-Length"); length != strconv.Itoa(got.Body.Len()) {
		s.fatalf("Content-Length %q, the body has %d", length, got.Body.Len())
	}
	if got.Code >= 400 {
		for ref, row := range w.Rows(s.t) {
			if row != before[ref] {
				s.fatalf("account %v has changed", ref)
			}
		}
	}
	return want
}

// Do makes a request from an address of its own.
func (w *World) Do(r *http.Request) *httptest.ResponseRecorder {
	r.RemoteAddr = "192.0.2.7:4711"
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, r)
	return rec
}

func (s *script) request(lines []string) *http.Request {
	s.t.Helper()
	text := placeholder.ReplaceAllStringFunc(strings.Join(lines, "\n"), func(p string) string {
		return s.value(strings.Trim(p, "{}"))
	})
	head, body, _ := strings.Cut(text, "\n\n")
	headers := strings.Split(strings.TrimRight(head, "\n"), "\n")
	if strings.Contains(head, "multipart/form-data") {
		body = strings.ReplaceAll(body, "\n", "\r\n")
	}
	method, target, _ := strings.Cut(headers[0], " ")
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for _, h := range headers[1:] {
		name, value, ok := strings.Cut(h, ": ")
		if !ok {
			s.fatalf("%q is no header", h)
		}
		r.Header.Add(name, value)
	}
	return r
}

// render writes a reply as scripts have it.
func render(r *httptest.ResponseRecorder) string {
	var b bytes.Buffer
	fmt.Fprintln(&b, r.Code)
	var names []string
	for name := range r.Header() {
		if name != "Content-Length" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range r.Header()[name] {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	fmt.Fprintf(&b, "\n%s", r.Body)
	return b.String()
}

// The patterns of generated values.
const (
	hex64   = `[0-9a-f]{64}`
	jwtForm = `[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+`
)

var patterns = map[string]string{"hex64": hex64, "jwt": jwtForm}

var generated = []struct {
	form *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`"([a-z_]*token)":"` + hex64 + `"`), `"$1":"{{hex64 $1}}"`},
	{regexp.MustCompile(`"([a-z_]*token)":"` + jwtForm + `"`), `"$1":"{{jwt $1}}"`},
}

// fill turns a reply into what to expect of the next one.
func fill(lines []string) []string {
	want := make([]string, len(lines))
	for i, line := range lines {
		for _, g := range generated {
			line = g.form.ReplaceAllString(line, g.with)
		}
		want[i] = line
	}
	return want
}

// match compares line by line and captures.
func (s *script) match(got, want []string) {
	s.t.Helper()
	var form strings.Builder
	var names []string
	expected := strings.Join(want, "\n")
	last := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(expected, -1) {
		pattern, known := patterns[expected[m[2]:m[3]]]
		if !known || m[4] < 0 {
			s.fatalf("no pattern %q", expected[m[0]:m[1]])
		}
		form.WriteString(regexp.QuoteMeta(expected[last:m[0]]) + "(" + pattern + ")")
		names = append(names, expected[m[4]:m[5]])
		last = m[1]
	}
	form.WriteString(regexp.QuoteMeta(expected[last:]))
	found := regexp.MustCompile(`^` + form.String() + `$`).FindStringSubmatch(strings.Join(got, "\n"))
	if found == nil {
		s.fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), expected)
	}
	for i, name := range names {
		s.vars[name] = found[i+1]
	}
}

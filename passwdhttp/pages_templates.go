package passwdhttp

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/passwd-go/passwd/locale"
)

//go:embed templates
var templateFiles embed.FS

const (
	layout   = "layout.html"
	partials = "partials"
)

// sources are the files of a host, by their use.
type sources struct {
	shared []string // for all pages, in the order in which they are parsed
	pages  map[string]string
}

// findSources lists the files of a host. One that would have no effect is an error.
func findSources(host fs.FS) (sources, error) {
	found := sources{pages: map[string]string{}}
	if host == nil {
		return found, nil
	}
	hasLayout, folder := false, ""
	var unknown []string
	err := fs.WalkDir(host, ".", func(name string, d fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(path.Base(name), ".") && name != "."
		switch page, html := strings.CutSuffix(name, ".html"); {
		case err != nil:
			return err
		case hidden && d.IsDir():
			return fs.SkipDir
		case d.IsDir() || hidden: // such as .DS_Store
		case name == layout:
			hasLayout = true
		case html && slices.Contains(pageNames, page):
			found.pages[page] = name
		case html && strings.HasPrefix(name, partials+"/"):
			found.shared = append(found.shared, name)
		default:
			unknown = append(unknown, name)
			if dir, file := path.Split(name); file == layout || strings.HasSuffix(dir, partials+"/") {
				folder = strings.TrimSuffix(strings.TrimSuffix(dir, partials+"/"), "/")
			}
		}
		return nil
	})
	if hasLayout {
		found.shared = append(found.shared, layout)
	}
	switch {
	case err != nil:
		return found, err
	case len(unknown) > 0 && folder != "":
		return found, fmt.Errorf("%s is in a folder: use fs.Sub(…, %q)", unknown[0], folder)
	case len(unknown) > 0:
		return found, fmt.Errorf("%s has no effect: it is neither %s, nor named after a page (%s), nor a .html file below %s/",
			unknown[0], layout, strings.Join(pageNames, ", "), partials)
	case len(found.shared)+len(found.pages) == 0:
		return found, errors.New("there are no files")
	}
	return found, nil
}

// parseTemplates makes the template of each page: our layout, what the host has
// for all pages, what it has for this one. Once a template has been executed it
// takes no more, so all of it is done here.
func parseTemplates(host fs.FS, funcs template.FuncMap) (map[string]*template.Template, error) {
	all, err := assemble(host, funcs)
	if err != nil {
		return nil, fmt.Errorf("passwdhttp: Config.Templates: %w", err)
	}
	return all, nil
}

func assemble(host fs.FS, funcs template.FuncMap) (map[string]*template.Template, error) {
	text, err := templateFiles.ReadFile("templates/" + layout)
	if err != nil {
		return nil, err
	}
	common, err := template.New(layout).Funcs(funcs).Parse(string(text))
	if err != nil {
		return nil, err
	}
	blocks := defined(common)
	files, err := findSources(host)
	if err != nil {
		return nil, err
	}
	for _, name := range files.shared {
		if err := parseOnto(common, host, name); err != nil {
			return nil, err
		}
	}
	all, used := map[string]*template.Template{}, map[string]bool{}
	for _, page := range pageNames {
		t, err := common.Clone()
		if err != nil {
			return nil, err
		}
		if name, own := files.pages[page]; own {
			if err := parseOnto(t, host, name); err != nil {
				return nil, err
			}
			delete(files.pages, page)
			if err := misspelt(t, blocks, name, host); err != nil {
				return nil, err
			}
		}
		all[page] = t
		for name := range calledIn(t) {
			used[name] = true
		}
	}
	for _, name := range files.shared {
		if err := unused(host, name, blocks, used); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// parseOnto parses a file of the host over what is there. A file of one page with
// more in it than blocks is the whole page.
func parseOnto(t *template.Template, host fs.FS, name string) error {
	text, err := fs.ReadFile(host, name)
	if err != nil {
		return err
	}
	there := t.Lookup(name) // New would empty it
	if there == nil {
		there = t.New(name)
	}
	_, err = there.Parse(string(text))
	return err
}

func defined(t *template.Template) (names []string) {
	for _, one := range t.Templates() {
		if one.Name() != layout {
			names = append(names, one.Name())
		}
	}
	slices.Sort(names)
	return names
}

// misspelt reports a block of a page's file that nothing on that page calls.
func misspelt(t *template.Template, blocks []string, name string, host fs.FS) error {
	return unused(host, name, blocks, calledIn(t))
}

// unused reports a block of a file that no template calls. What partials define may be
// for other templates of the host, but hardly if it is almost the name of a block.
func unused(host fs.FS, file string, blocks []string, called map[string]bool) error {
	own, err := definitions(host, file)
	if err != nil {
		return err
	}
	for _, name := range own {
		if called[name] || slices.Contains(blocks, name) || name == file {
			continue
		}
		if !strings.HasPrefix(file, partials+"/") || slices.ContainsFunc(blocks, func(b string) bool { return oneEdit(name, b) }) {
			return fmt.Errorf("%s: no template has the block %q: there are %s", file, name, strings.Join(blocks, ", "))
		}
	}
	return nil
}

// definitions are the names that a file defines.
func definitions(host fs.FS, file string) (names []string, err error) {
	text, err := fs.ReadFile(host, file)
	if err != nil {
		return nil, err
	}
	trees := map[string]*parse.Tree{}
	t := parse.New(file)
	t.Mode = parse.SkipFuncCheck
	if _, err := t.Parse(string(text), "", "", trees); err != nil {
		return nil, err
	}
	for name := range trees {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// calledIn are the names of what any template calls.
func calledIn(t *template.Template) map[string]bool {
	called := map[string]bool{}
	for _, one := range t.Templates() {
		if one.Tree != nil && one.Tree.Root != nil {
			calls(one.Tree.Root, called)
		}
	}
	return called
}

func calls(n parse.Node, called map[string]bool) {
	branch := func(b *parse.BranchNode) {
		calls(b.List, called)
		if b.ElseList != nil {
			calls(b.ElseList, called)
		}
	}
	switch n := n.(type) {
	case *parse.ListNode:
		for _, each := range n.Nodes {
			calls(each, called)
		}
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.TemplateNode:
		called[n.Name] = true
	}
}

// oneEdit reports whether two names differ by one letter that was changed, left out, put
// in or swapped with its neighbour.
func oneEdit(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	switch len(a) - len(b) {
	case 0:
		swapped := i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
		return i < len(a) && (a[i+1:] == b[i+1:] || swapped)
	case 1:
		return a[i+1:] == b[i:]
	}
	return false
}

// tryTemplates executes every page once, so that what only shows then is an error
// at the start.
func (p *pages) tryTemplates() error {
	words := locale.Match()
	for _, page := range pageNames {
		data, told := p.sample(page)
		for _, v := range []View{p.fullView(words, page), p.view(words, page, "change_title")} {
			v.Data = data
			err := p.execute(io.Discard, v)
			if err != nil && !told && strings.Contains(err.Error(), ".Data") {
				continue // which is there when there is a request
			}
			if err != nil {
				return fmt.Errorf("passwdhttp: Config.Templates: page %s: %w", page, err)
			}
		}
	}
	return nil
}

// sample is the host's data for a page that nobody has asked for; false if there is none.
func (p *pages) sample(page string) (data any, told bool) {
	if p.Data == nil {
		return nil, true
	}
	defer func() {
		if recover() != nil {
			data, told = nil, false
		}
	}()
	r, err := http.NewRequest(http.MethodGet, (&url.URL{Path: p.base + page}).String(), nil)
	if err != nil {
		return nil, false
	}
	return p.Data(r), true
}

// fullView is a view of a page that has everything on it.
func (p *pages) fullView(words locale.Printer, page string) View {
	v := p.view(words, page, "change_title")
	v.Problems = []Problem{{"new_password", "x"}, {"", "x"}}
	v.Intro = []string{"x"}
	v.Links, v.Action, v.Said, v.Onward = []Link{{"/", "x"}}, &Link{"/", "x"}, "x", "/"
	field := Field{
		ID: "new_password", Label: "x", Type: "password", Autocomplete: "new-password", EnterKey: "done",
		Requirements: []Requirement{{"x", "x", true, "x"}}, Errors: []string{"x"}, Notes: []string{"x"},
		MinLength: 15, PasswordRules: "x", Show: "x", Hide: "x", Check: &Check{},
	}
	v.Form = &Form{Action: "/", Hidden: []Hidden{{"next", "/"}}, Fields: []Field{field}, Submit: "x", Busy: "x"}
	v.Second, v.Notice = v.Form, &Notice{"x", v.Form}
	v.Devices = []Device{{ID: "x", Name: "x", This: "x", Facts: []Fact{{"x", "x", ""}, {"x", "x", "2026-03-01T12:00:00Z"}}, Raw: "x", RawLabel: "x", End: v.Form}}
	v.Fragment = &Fragment{Action: "/", Without: "/", Hidden: []Hidden{{"x", "x"}}}
	return v
}

// dress adds to a view what the host has for the request.
func (p *pages) dress(r *http.Request, v *View) {
	if p.FormFields != nil {
		fields := p.FormFields(r)
		forms := []*Form{v.Form, v.Second}
		if v.Notice != nil {
			forms = append(forms, v.Notice.Form)
		}
		for _, d := range v.Devices {
			forms = append(forms, d.End)
		}
		for _, f := range forms {
			if f != nil {
				f.Hidden = slices.Concat(f.Hidden, fields)
			}
		}
		if v.Fragment != nil {
			v.Fragment.Hidden = fields
		}
	}
	if p.Data != nil {
		v.Data = p.Data(r)
	}
}

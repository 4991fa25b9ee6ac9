package locale

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed catalogues
var files embed.FS

// catalogue has all words of a language. The keys of violations and requirements
// are codes, "too_long", or a code and what it is said more precisely by: the value
// of class or unit, "too_long.bytes", or one of details, "too_weak.reasons".
//
// A new language needs a file, its place in languages, and its rules in plural; the
// tests hold it against the English one.
type catalogue struct {
	List         list                 `json:"list"`
	Violations   map[string]message   `json:"violations"`
	Requirements map[string]message   `json:"requirements"`
	Classes      map[string]class     `json:"classes"`
	Attributes   map[string]attribute `json:"attributes"`
	Reasons      map[string]string    `json:"reasons"`
	Weaknesses   map[string]string    `json:"weaknesses"` // as messages with {weak} want it
	WeakWith     map[string]string    `json:"weak_with"`  // what is behind it: "year", "digits", "symbols"
	Notes        map[string]string    `json:"notes"`
	Advice       map[string]string    `json:"advice"`
	Problems     map[string]problem   `json:"problems"`
	Fields       map[string]string    `json:"fields"`
	Labels       map[string]string    `json:"labels"` // of pages: titles, fields, buttons
	Texts        map[string]string    `json:"texts"`  // of pages: sentences
	Requested    string               `json:"reset_requested"`
}

// list is what stands between the things of an enumeration.
type list struct {
	Comma string `json:"comma"`
	And   string `json:"and"` // before the last
}

func (l list) join(things []string) string {
	if len(things) < 2 {
		return strings.Join(things, "")
	}
	last := len(things) - 1
	return strings.Join(things[:last], l.Comma) + l.And + things[last]
}

type class struct {
	Name string `json:"name"`
	One  string `json:"one"` // as messages with {classes} enumerate it
}

type attribute struct {
	Name string `json:"name"`
	Own  string `json:"own"` // as messages with {attribute} want it: "your name", "Ihrem Namen"
}

type problem struct {
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

// message is a sentence with {parameters}: one text, or one for each form that
// the number in it asks for.
type message struct {
	texts [forms]string
	count string // the parameter whose number decides; "" if there is but one text
}

// UnmarshalJSON reads a string, or an object of forms.
func (m *message) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, &m.texts[other])
	}
	var texts map[string]string
	if err := json.Unmarshal(data, &texts); err != nil {
		return err
	}
	for name, text := range texts {
		f := slices.Index(formNames[:], name)
		if f < 0 {
			return fmt.Errorf("unknown form %q", name)
		}
		m.texts[f] = text
	}
	for name := range parameters(m.texts[other]) {
		if isNumber(name) {
			m.count = name
			return nil
		}
	}
	return fmt.Errorf("forms without a number in %q", m.texts[other])
}

// text returns the text for a number.
func (m message) text(lang string, n int) string {
	if n == 1 && m.texts[only] != "" {
		return m.texts[only]
	}
	return m.texts[plural(lang, n)]
}

// parameters yields the names in braces.
func parameters(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for {
			_, rest, found := strings.Cut(text, "{")
			if !found {
				return
			}
			var name string
			name, text, _ = strings.Cut(rest, "}")
			if !yield(name) {
				return
			}
		}
	}
}

// loaded holds what has been used so far. A catalogue never changes once it is
// there.
var loaded [len(languages)]struct {
	once sync.Once
	*catalogue
}

func (p Printer) catalogue() *catalogue {
	l := &loaded[p.at]
	l.once.Do(func() {
		c, err := read(p.Language())
		if err != nil {
			panic(fmt.Sprintf("locale: catalogue %q: %v", p.Language(), err)) // unreachable: they are tested
		}
		l.catalogue = c
	})
	return l.catalogue
}

func read(lang string) (*catalogue, error) {
	data, err := files.ReadFile("catalogues/" + lang + ".json")
	if err != nil {
		return nil, err
	}
	c := new(catalogue)
	return c, json.Unmarshal(data, c)
}

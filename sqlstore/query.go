package sqlstore

import (
	"strconv"
	"strings"
)

// query is one statement, rendered once for a dialect and a mapping.
type query struct {
	text  string
	order []int // index of the argument for each placeholder
	plain bool  // the first placeholder is the first argument, and so on
	index int   // of the prepared statement
}

// renderer turns the templates of queries.go into statements. In a template $1 is
// the first argument, wherever and however often it stands, $a the tenth and $A the thirty-sixth; {x} is a part, a
// template in its turn, or a name. A placeholder is written only where a template
// has one, so a "?" or "$" in the host's names is just that.
type renderer struct {
	numbered bool
	names    map[string]string // quoted
	parts    map[string]string // templates

	text  strings.Builder
	order []int
}

func (r *renderer) render(template string) query {
	r.text.Reset()
	r.order = nil
	r.add(template)
	plain := true
	for i, n := range r.order {
		plain = plain && i == n
	}
	return query{text: r.text.String(), order: r.order, plain: plain}
}

func (r *renderer) add(template string) {
	for {
		i := strings.IndexAny(template, "{$")
		if i < 0 {
			r.text.WriteString(template)
			return
		}
		r.text.WriteString(template[:i])
		if template[i] == '$' {
			r.placeholder(template[i+1])
			template = template[i+2:]
			continue
		}
		end := i + strings.IndexByte(template[i:], '}')
		key := template[i+1 : end]
		if part, ok := r.parts[key]; ok {
			r.add(part)
		} else if name, ok := r.names[key]; ok {
			r.text.WriteString(name)
		} else {
			panic("sqlstore: no part named " + key) // unreachable: the templates are constants
		}
		template = template[end+1:]
	}
}

// digits name the arguments, from the first.
const digits = "123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// parameter is the n-th argument in a template, from 0.
func parameter(n int) string { return "$" + digits[n:n+1] }

func (r *renderer) placeholder(digit byte) {
	n := strings.IndexByte(digits, digit)
	r.order = append(r.order, n)
	if !r.numbered {
		r.text.WriteByte('?')
		return
	}
	r.text.WriteByte('$')
	r.text.WriteString(strconv.Itoa(len(r.order)))
}

// arrange puts arguments into the order of the placeholders.
func (q *query) arrange(args []any) []any {
	if q.plain {
		return args[:len(q.order)]
	}
	arranged := make([]any, len(q.order))
	for i, n := range q.order {
		arranged[i] = args[n]
	}
	return arranged
}

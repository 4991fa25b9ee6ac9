package locale

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	texttemplate "text/template"
	syntax "text/template/parse"

	"github.com/passwd-go/passwd"
)

//go:embed templates
var templateFiles embed.FS

// The formats, as file names end.
const (
	formatHTML    = "html"
	formatText    = "txt"
	formatSMS     = "sms"
	formatSubject = "subject"
)

var formats = [...]string{formatHTML, formatText, formatSMS, formatSubject}

var kinds = [...]passwd.MessageKind{
	passwd.MessageResetLink, passwd.MessageResetCode, passwd.MessagePasswordChanged, passwd.MessagePasswordReset,
	passwd.MessageTemporaryPassword, passwd.MessageSuspended, passwd.MessageSignInStopped, passwd.MessageSharedAddress, passwd.MessageInvitation,
}

// slot is what a template is for.
type slot struct {
	format, language string
	kind             passwd.MessageKind
}

// part is a parsed template, and which of its files begins it.
type part struct {
	template interface {
		ExecuteTemplate(w io.Writer, name string, data any) error
	}
	root string
}

func (p part) execute(w io.Writer, v View) error { return p.template.ExecuteTemplate(w, p.root, v) }

// source is a file of templates.
type source struct {
	name, text string
	whole      bool // has more in it than definitions
}

// parseTemplates makes the template of every slot; slots with the same files share
// one. After its first execution html/template parses no more, so all is done here.
func parseTemplates(host fs.FS) (map[slot]part, error) {
	own, err := hostSources(host)
	if err != nil {
		return nil, err
	}
	parts, made := map[slot]part{}, map[string]part{}
	for _, format := range formats {
		builtin, err := readSource(templateFiles, "templates/message."+format)
		if err != nil {
			return nil, err
		}
		for _, lang := range languages {
			for _, kind := range kinds {
				sources, key := []source{builtin}, format
				for _, name := range []string{"layout", lang + "/layout", string(kind), lang + "/" + string(kind)} {
					if s, there := own[name+"."+format]; there {
						sources, key = append(sources, s), key+" "+name
					}
				}
				p, there := made[key]
				if !there {
					if p, err = assemble(format, sources); err != nil {
						return nil, err
					}
					made[key] = p
				}
				parts[slot{format, lang, kind}] = p
			}
		}
	}
	return parts, nil
}

// hostSources reads the host's files, and refuses those that nothing would use.
func hostSources(host fs.FS) (map[string]source, error) {
	if host == nil {
		return nil, nil
	}
	if _, err := fs.ReadDir(host, "."); err != nil { // Glob would find nothing, and say nothing
		return nil, err
	}
	own := map[string]source{}
	for _, format := range formats {
		for _, pattern := range []string{"*." + format, "*/*." + format} {
			names, err := fs.Glob(host, pattern)
			if err != nil {
				return nil, err
			}
			for _, name := range names {
				if err := used(name); err != nil {
					return nil, err
				}
				if own[name], err = readSource(host, name); err != nil {
					return nil, err
				}
			}
		}
	}
	if len(own) == 0 {
		return nil, errors.New("there is no file for a message")
	}
	return own, nil
}

func used(name string) error {
	dir, file := path.Split(name)
	if lang := strings.TrimSuffix(dir, "/"); lang != "" && !slices.Contains(languages[:], lang) {
		return fmt.Errorf("%s: no catalogue for %q", name, lang)
	}
	stem := strings.TrimSuffix(file, path.Ext(file))
	if stem != "layout" && !slices.Contains(kinds[:], passwd.MessageKind(stem)) {
		return fmt.Errorf("%s: there is no message %q", name, stem)
	}
	return nil
}

func readSource(from fs.FS, name string) (source, error) {
	text, err := fs.ReadFile(from, name)
	if err != nil {
		return source{}, err
	}
	// Only to see what is outside definitions: functions are looked up by assemble.
	t := syntax.New(name)
	t.Mode = syntax.SkipFuncCheck
	if _, err := t.Parse(string(text), "", "", map[string]*syntax.Tree{}); err != nil {
		return source{}, err
	}
	return source{name, string(text), !syntax.IsEmptyTree(t.Root)}, nil
}

func assemble(format string, sources []source) (part, error) {
	if format == formatHTML {
		return parseOnto(htmltemplate.New(""), sources)
	}
	return parseOnto(texttemplate.New(""), sources)
}

// parseOnto parses files in their order, so that a later one has the last word.
func parseOnto[T interface {
	New(name string) T
	Parse(text string) (T, error)
	ExecuteTemplate(w io.Writer, name string, data any) error
}](t T, sources []source) (part, error) {
	p := part{template: t}
	for _, s := range sources {
		if _, err := t.New(s.name).Parse(s.text); err != nil {
			return part{}, err
		}
		if s.whole {
			p.root = s.name
		}
	}
	return p, nil
}

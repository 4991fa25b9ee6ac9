package locale

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/language"
)

// Printer puts codes into the words of one language. The zero Printer speaks
// English. Printers are comparable, and equal if their languages are.
type Printer struct {
	at int // in languages
}

// languages are those of the catalogues. English is the first: it is what those
// get whose languages are all unknown.
var languages = [...]string{"en", "nl", "fr", "de", "es", "pt", "it", "ar", "he", "ja"}

// Printers returns one Printer for each language, English first.
func Printers() []Printer {
	all := make([]Printer, len(languages))
	for i := range all {
		all[i].at = i
	}
	return all
}

// Language returns the BCP 47 tag of the printer's language, as Content-Language
// and the attribute lang want it: "en", "pt". It is the catalogue's, without the
// region that somebody may have asked for.
func (p Printer) Language() string { return languages[p.at] }

// Direction is that of the printer's language, see the function [Direction].
func (p Printer) Direction() string { return Direction(p.Language()) }

// maxHeader is how much of a preference is read: browsers send far less.
const maxHeader = 256

// Match returns the Printer for the first preference that matches one of the languages. A
// preference is a language tag, a POSIX locale ("de_DE.UTF-8") or the value of an
// Accept-Language header (RFC 9110 §12.5.4), weights included; what does not parse in it is
// ignored, and so is everything after 256 bytes. Without a match, it is English.
//
// The usual order is what the account or a cookie says, then the header:
//
//	locale.Match(account.Locale, r.Header.Get("Accept-Language"))
func Match(preferences ...string) Printer {
	for _, preference := range preferences {
		tags := parse(preference)
		if len(tags) == 0 {
			continue
		}
		// The tag that Match returns is no use: it carries the asker's region.
		if _, at, confidence := matcher().Match(tags...); confidence != language.No {
			return Printer{at}
		}
	}
	return Printer{}
}

// parse returns the tags of an Accept-Language header, the most wanted first. One
// element that does not parse would make language.ParseAcceptLanguage drop all.
func parse(header string) []language.Tag {
	if len(header) > maxHeader {
		header = header[:maxHeader]
		header = header[:max(strings.LastIndexByte(header, ','), 0)] // half a tag may be another one
	}
	type wanted struct {
		tag    language.Tag
		weight float32
	}
	var all []wanted
	for element := range strings.SplitSeq(header, ",") {
		tags, weights, err := language.ParseAcceptLanguage(withoutCodeset(element))
		if err == nil && len(tags) == 1 {
			all = append(all, wanted{tags[0], weights[0]})
		}
	}
	slices.SortStableFunc(all, func(a, b wanted) int { return cmp.Compare(b.weight, a.weight) })
	tags := make([]language.Tag, len(all))
	for i, w := range all {
		tags[i] = w.tag
	}
	return tags
}

// withoutCodeset leaves out what a POSIX locale has beside language and territory:
// of "de_DE.UTF-8" and "de_DE@euro" it returns "de_DE". Accounts and environments
// have such names.
func withoutCodeset(tag string) string {
	tag, parameters, weighted := strings.Cut(tag, ";")
	if at := strings.IndexAny(tag, ".@"); at >= 0 {
		tag = tag[:at]
	}
	if weighted {
		tag += ";" + parameters
	}
	return tag
}

// matching is filled on the first use and never changes then.
var matching struct {
	once    sync.Once
	matcher language.Matcher
}

func matcher() language.Matcher {
	matching.once.Do(func() {
		var tags [len(languages)]language.Tag
		for i, l := range languages {
			tags[i] = language.Make(l)
		}
		matching.matcher = language.NewMatcher(tags[:])
	})
	return matching.matcher
}

// Direction returns "rtl" for the tag of a language that is written from right to
// left, else "ltr": the values of the attribute dir. It goes by the script that the tag
// names or implies ("az-Arab", "ckb"), so it works for a host's own languages too. A tag
// that does not parse is "ltr".
func Direction(tag string) string {
	if len(tag) > maxHeader {
		return "ltr"
	}
	t, err := language.Parse(withoutCodeset(tag))
	if err != nil {
		return "ltr"
	}
	script, _ := t.Script()
	switch script.String() {
	case "Adlm", "Arab", "Aran", "Gara", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Syre", "Syrj", "Syrn", "Thaa", "Yezi":
		return "rtl" // the scripts in use today
	}
	return "ltr"
}

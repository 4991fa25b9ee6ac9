package locale

import (
	"slices"
	"strings"
)

// Plural returns the name of the form that a number takes.
func Plural(lang string, n int) string { return formNames[plural(lang, n)] }

// Read parses a catalogue, as its first use does.
func Read(lang string) error {
	_, err := read(lang)
	return err
}

// DurationForms returns the forms that a language has of each unit.
func DurationForms(lang string) map[string]string {
	w, err := readWords(lang)
	if err != nil {
		return map[string]string{"": err.Error()}
	}
	names := func(m message) string {
		var all []string
		for f, text := range m.texts {
			if text != "" {
				all = append(all, formNames[f])
			}
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	return map[string]string{"minutes": names(w.Durations.Minutes), "hours": names(w.Durations.Hours), "days": names(w.Durations.Days)}
}

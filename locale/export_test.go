package locale

// Plural returns the name of the form that a number takes.
func Plural(lang string, n int) string { return formNames[plural(lang, n)] }

// Read parses a catalogue, as its first use does.
func Read(lang string) error {
	_, err := read(lang)
	return err
}

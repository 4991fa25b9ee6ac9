package locale

// Label returns a short text of the pages that package passwdhttp makes: a title,
// the name of a field, what a button does; "" for a key that it does not know.
func (p Printer) Label(key string) string { return p.catalogue().Labels[key] }

// Text returns a sentence, or a few, of the pages that package passwdhttp makes;
// "" for a key that it does not know.
func (p Printer) Text(key string) string { return p.catalogue().Texts[key] }

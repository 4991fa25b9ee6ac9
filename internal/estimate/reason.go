package estimate

// Reasons is a set of patterns.
type Reasons uint32

// The patterns.
const (
	CommonPassword Reasons = 1 << iota // in a list of the most common passwords
	Personal                           // what is known about the owner
	Word                               // of a language
	Name                               // a given name or surname
	Term                               // a season, month, greeting, role, place, club, brand
	Phrase                             // a famous one, a title, the alphabet in words
	Number                             // digits that are known: π, a telephone number
	Substitutions                      // with letters replaced, "p4ssw0rd"
	Reversed                           // backwards
	Spaced                             // with something between the letters
	Keyboard                           // neighbouring keys
	Sequence                           // "abcdef", "97531"
	Repeat                             // "aaaa", "abcabc"
	Date                               // a date
	Year                               // a year
	Digits                             // digits at an end
	Symbols                            // symbols at an end
	Short                              // too few characters, whatever they are
)

// Weakness names what a password mostly is, as a stable code: one of the
// constants, perhaps with "_with_year", "_with_digits" or "_with_symbols".
type Weakness string

// What a password may mostly be.
const (
	WeakPersonal  Weakness = "personal"
	WeakPassword  Weakness = "common_password"
	WeakWord      Weakness = "common_word"
	WeakName      Weakness = "name"
	WeakPhrase    Weakness = "famous_phrase"
	WeakKeyboard  Weakness = "keyboard_walk"
	WeakSequence  Weakness = "sequence"
	WeakRepeat    Weakness = "repetition"
	WeakDate      Weakness = "date"
	WeakNumber    Weakness = "known_number"
	FewCharacters Weakness = "few_characters"
)

// weakness picks the most telling of the patterns that the longest part of a
// password has, and says what is around it.
func weakness(why, most Reasons) Weakness {
	if most == 0 || why&Personal != 0 {
		most = why
	}
	for _, k := range [...]struct {
		of       Reasons
		weak     Weakness
		decorate bool
	}{
		{Personal, WeakPersonal, false},
		{Phrase, WeakPhrase, true},
		{CommonPassword, WeakPassword, true},
		{Term | Word, WeakWord, true},
		{Name, WeakName, true},
		{Keyboard, WeakKeyboard, true},
		{Sequence, WeakSequence, false},
		{Date | Year, WeakDate, false},
		{Number, WeakNumber, false},
		{Repeat, WeakRepeat, false},
	} {
		if most&k.of == 0 {
			continue
		}
		if !k.decorate {
			return k.weak
		}
		switch {
		case why&(Year|Date) != 0:
			return k.weak + "_with_year"
		case why&Digits != 0:
			return k.weak + "_with_digits"
		case why&Symbols != 0:
			return k.weak + "_with_symbols"
		}
		return k.weak
	}
	return FewCharacters
}

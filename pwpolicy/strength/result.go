package strength

// Reason names a pattern that makes a password easy to guess. Reasons are API:
// never renamed.
type Reason string

// The reasons, in the order in which a result lists them.
const (
	CommonPassword Reason = "common_password" // in a list of the most common passwords
	Personal       Reason = "personal"        // one of the user inputs, or a part of it
	Word           Reason = "word"            // of a language
	Name           Reason = "name"            // a given name or surname
	Substitutions  Reason = "substitutions"   // of which letters were replaced, "p4ssw0rd"
	Reversed       Reason = "reversed"        // written backwards
	Keyboard       Reason = "keyboard"        // neighbouring keys
	Sequence       Reason = "sequence"        // "abcdef", "97531"
	Repeat         Reason = "repeat"          // "aaaa", "abcabc"
	Date           Reason = "date"            // a date or a year
	Short          Reason = "short"           // too few characters, whatever they are
)

// Advice names what would make a password harder to guess. Advice is API: never
// renamed.
type Advice string

// The advice, in the order in which a result lists it.
const (
	AddWords           Advice = "add_words"           // another word or two, uncommon ones
	AvoidCommon        Advice = "avoid_common"        // common passwords, single words and names
	AvoidPersonal      Advice = "avoid_personal"      // what is known about oneself
	AvoidSubstitutions Advice = "avoid_substitutions" // "@" for "a" helps little
	AvoidReversal      Advice = "avoid_reversal"      // words backwards help little
	AvoidKeyboard      Advice = "avoid_keyboard"      // rows and columns of keys
	AvoidSequences     Advice = "avoid_sequences"
	AvoidRepeats       Advice = "avoid_repeats"
	AvoidDates         Advice = "avoid_dates" // dates and years
)

// reasons is a set of reasons.
type reasons uint16

const (
	hasCommonPassword reasons = 1 << iota
	hasPersonal
	hasWord
	hasName
	hasSubstitutions
	isReversed
	isKeyboard
	isSequence
	isRepeat
	isDate
	isShort
)

var reasonCodes = [...]struct {
	bit    reasons
	reason Reason
	advice Advice
}{
	{hasCommonPassword, CommonPassword, AvoidCommon},
	{hasPersonal, Personal, AvoidPersonal},
	{hasWord, Word, AvoidCommon},
	{hasName, Name, AvoidCommon},
	{hasSubstitutions, Substitutions, AvoidSubstitutions},
	{isReversed, Reversed, AvoidReversal},
	{isKeyboard, Keyboard, AvoidKeyboard},
	{isSequence, Sequence, AvoidSequences},
	{isRepeat, Repeat, AvoidRepeats},
	{isDate, Date, AvoidDates},
	{isShort, Short, AddWords},
}

// newResult makes a result of an estimate.
func newResult(bits float64, why reasons) Result {
	r := Result{Bits: bits, Reasons: []Reason{}, Feedback: []Advice{}}
	for _, cut := range cuts {
		if bits >= cut {
			r.Score++
		}
	}
	if why == 0 && r.Score < good {
		why = isShort
	}
	told := make(map[Advice]bool)
	tell := func(a Advice) {
		if r.Score < good && !told[a] {
			told[a] = true
			r.Feedback = append(r.Feedback, a)
		}
	}
	tell(AddWords)
	for _, c := range reasonCodes {
		if why&c.bit != 0 {
			r.Reasons = append(r.Reasons, c.reason)
			tell(c.advice)
		}
	}
	return r
}

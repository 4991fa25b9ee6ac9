package locale

// form is one of the categories of numbers that a language inflects words by: the
// cardinal plural categories of CLDR (UTS 35 part 3, §5).
type form int

const (
	other form = iota // every language has it
	zero
	one
	two
	few
	many
	only // not of CLDR: the number 1 by itself, where a language has no form for it
	forms
)

// formNames are the categories as catalogues write them.
var formNames = [forms]string{other: "other", zero: "zero", one: "one", two: "two", few: "few", many: "many", only: "=1"}

// plural returns the category of a number of 0 or more, by the rules of CLDR 48
// for whole numbers.
func plural(lang string, n int) form {
	million := n != 0 && n%1_000_000 == 0
	switch lang {
	case "ja":
		return other
	case "ar":
		return arabic(n)
	case "fr", "pt":
		if n <= 1 {
			return one
		}
	case "he":
		if n == 2 {
			return two
		}
	}
	switch {
	case n == 1:
		return one
	case million && (lang == "fr" || lang == "es" || lang == "pt" || lang == "it"):
		return many
	}
	return other
}

func arabic(n int) form {
	switch last := n % 100; {
	case n == 0:
		return zero
	case n == 1:
		return one
	case n == 2:
		return two
	case last >= 3 && last <= 10:
		return few
	case last >= 11:
		return many
	}
	return other
}

package similarity

// Steps is how many steps of comparison Find takes.
func Steps(password string, sources []Source) int {
	_, _, steps := find(password, sources)
	return steps
}

// MaxSteps is what no input exceeds: for each of the readings, in both directions,
// every token character up to twice in each of six doublings, and once for edits.
const MaxSteps = 6 * 2 * (2*6 + 1) * maxTokensRunes

package pwpolicy

// Scoring is a Rule that can say how strong a password is, whether or not it
// refuses weak ones. The service's Check shows it to the person who is typing.
type Scoring interface {
	Rule
	// Score is from 0, guessed at once, to 4.
	Score(c *Candidate) int
}

// Score returns the lowest score that the policy's rules give; false if none does.
func (p Policy) Score(c *Candidate) (score int, ok bool) {
	for _, r := range p.list() {
		scoring, is := r.(Scoring)
		if !is {
			continue
		}
		if s := scoring.Score(c); !ok || s < score {
			score, ok = s, true
		}
	}
	return score, ok
}

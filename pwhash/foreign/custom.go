package foreign

// Custom is a format in code, for what a line cannot say. It is accepted by being in
// [Hasher].Custom.
type Custom struct {
	Name Format // of its own; what Inspect calls it

	// Parse takes a stored hash apart and computes nothing. Its error is
	// [pwhash.ErrFormat], or a [*pwhash.BoundsError]: what it lets through must be
	// bounded, as whoever writes to the table chooses it. It is called concurrently,
	// with strings of up to 4 KiB.
	Parse func(stored string) (Parsed, error)
}

// Parsed is a hash that [Custom].Parse has taken apart.
type Parsed struct {
	Cost   string // the parameters, for Inspect; "" if there are none
	Memory int64  // bytes that Match holds

	// Match compares, in constant time, with a password of up to 4 KiB. An error is one
	// of the computation.
	Match func(password string) (bool, error)
}

func (c Custom) parse(s string) (stored, error) {
	p, err := c.Parse(s)
	if err != nil {
		return stored{}, err
	}
	if p.Match == nil {
		return stored{}, errFormat
	}
	return stored{custom: p.Match, price: price{p.Cost, uint64(max(p.Memory, 0))}}, nil
}

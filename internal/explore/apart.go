package explore

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Apart runs the cell's flows one after the other, at replicas whose clocks are
// apart, and returns what is then different.
func (c Cell) Apart(by time.Duration) *Failure {
	for _, ahead := range [][]time.Duration{{by, 0}, {0, by}} {
		if _, failed := c.apart(ahead); failed != nil {
			return failed
		}
	}
	return nil
}

// apart does so with clocks that are ahead by so much.
func (c Cell) apart(ahead []time.Duration) (trace []string, failed *Failure) {
	c.Ahead = nil
	_, want := c.inTurn()
	c.Ahead = ahead
	trace, got := c.inTurn()
	if got.String() == want.String() && len(got.Broken) == 0 {
		return trace, nil
	}
	if len(got.Broken) == 0 && c.superseded(ahead) && got.String() == firstSent(want.String()) {
		return trace, nil
	}
	why := append(got.Broken, "with clocks apart:\n  "+diff(got.String(), want.String()))
	return trace, &Failure{Cell: c, Why: why}
}

func (c Cell) inTurn() ([]string, Outcome) {
	w, ops := c.begin()
	trace := Replay(ops, "", nil)
	return trace, w.Finish()
}

// superseded reports that the second of two codes, or invitations, was asked for at the
// earlier time by the clocks. A client has one live code, an account one invitation, and
// it is the latest: one that a worker comes to late must not end a later one. So the
// second is not sent, and the first is good.
func (c Cell) superseded(ahead []time.Duration) bool {
	single := c.Flows[0].Name == "ask for code" || c.Flows[0].Name == "invite"
	same := !slices.ContainsFunc(c.Flows, func(f Flow) bool { return f.Name != c.Flows[0].Name })
	return single && same && ahead[0] > ahead[1]
}

// firstSent is the outcome of two such requests, of which the second is not sent.
func firstSent(both string) string {
	for _, message := range []string{"reset_code to ada@example.com", "invitation to ada@example.com"} {
		both = strings.Replace(both, message+"; "+message, message, 1)
	}
	return both
}

// clocks says in a replay how far each flow's clock is ahead.
const clocks = "clocks "

func clocksText(ahead []time.Duration) string {
	return clocks + strings.Trim(fmt.Sprint(ahead), "[]")
}

func parseClocks(text string, n int) (ahead []time.Duration, err error) {
	for field := range strings.FieldsSeq(text) {
		d, err := time.ParseDuration(field)
		if err != nil {
			return nil, fmt.Errorf("explore: clocks: %w", err)
		}
		ahead = append(ahead, d)
	}
	if len(ahead) != n {
		return nil, fmt.Errorf("explore: %d clocks for %d flows", len(ahead), n)
	}
	return ahead, nil
}

func (c Cell) replayApart(text string) (trace []string, err error) {
	ahead, err := parseClocks(text, len(c.Flows))
	if err != nil {
		return nil, err
	}
	if len(c.Flows) != 2 || !c.Possible() {
		return nil, fmt.Errorf("explore: %s: two flows that can begin are run apart", c)
	}
	trace, failed := c.apart(ahead)
	if failed != nil {
		return trace, failed
	}
	return trace, nil
}

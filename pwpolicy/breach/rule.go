package breach

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwpolicy"
)

// Breached is the code of a password that is known from data breaches. It has no
// parameters: how often it occurs stays on the server.
const Breached pwpolicy.Code = "breached"

// skipped is the Reason of the event of a check that was left out.
const skipped = "breach_check_skipped"

// Rule refuses passwords that its source knows (ASVS 6.2.12, P9). It runs once all
// other rules except those on earlier passwords have passed, never while somebody
// types.
//
// If the source cannot tell, the check is skipped, the observer is told, and the
// password is judged by the other rules of the policy: a list of common passwords is
// still enforced (ASVS 16.5.2, E1). FailClosed changes that.
type Rule struct {
	Source Source `json:"-"` // required
	// Threshold is how often a password must occur to be refused. If 0, 1. It must not
	// exceed the MinCount that a Filter was built with, which does not know higher
	// counts.
	Threshold int `json:"threshold,omitempty"`
	// FailClosed makes a source that cannot tell an error: the request fails with
	// passwd.ErrUnavailable (HTTP 503), and nobody can set a password meanwhile.
	FailClosed bool `json:"fail_closed,omitempty"`
	// Observer gets a passwd.EventUnavailable for every check that was skipped.
	// Required unless FailClosed: then the service tells its own. To log, use
	// passwd.SlogObserver(nil).
	Observer passwd.Observer `json:"-"`
	// Now is the clock of events. If nil, time.Now.
	Now func() time.Time `json:"-"`
}

// thresholdBound is a source that does not know counts above a number.
type thresholdBound interface{ MaxThreshold() int }

// Validate reports what is missing or out of range.
func (r Rule) Validate() error {
	switch {
	case r.Source == nil:
		return errors.New("it has no Source")
	case r.Threshold < 0:
		return &pwpolicy.ParamError{Param: "threshold", Problem: fmt.Sprintf("%d is negative", r.Threshold)}
	case !r.FailClosed && r.Observer == nil:
		return errors.New("neither Observer nor FailClosed is set: nobody would learn of checks that are skipped")
	}
	if s, ok := r.Source.(thresholdBound); ok && r.Threshold > s.MaxThreshold() {
		problem := fmt.Sprintf("%d is more than %d, above which the source knows no counts", r.Threshold, s.MaxThreshold())
		return &pwpolicy.ParamError{Param: "threshold", Problem: problem}
	}
	return nil
}

// Rules is for pwpolicy.Parse: it knows "not_breached" with the parameters
// "threshold" and "fail_closed". Everything else, and the parameters that a policy
// does not name, are those of r.
func Rules(r Rule) pwpolicy.RuleSet {
	return pwpolicy.RuleSet{r.Name(): func(params json.RawMessage) (pwpolicy.Rule, error) {
		read := r
		err := pwpolicy.DecodeParams(params, &read)
		return read, err
	}}
}

// Both returns the rule that is as strict as both, if they have one source: a
// policy over a floor looks up a password once.
func (r Rule) Both(other pwpolicy.Rule) (pwpolicy.Rule, bool) {
	o, ok := other.(Rule)
	if !ok || r.Source == nil || !reflect.TypeOf(r.Source).Comparable() || r.Source != o.Source {
		return nil, false
	}
	r.Threshold = min(cmp.Or(r.Threshold, 1), cmp.Or(o.Threshold, 1))
	r.FailClosed = r.FailClosed || o.FailClosed
	if r.Observer == nil {
		r.Observer = o.Observer
	}
	return r, true
}

// Name is "not_breached", as in the JSON form of a policy.
func (Rule) Name() string { return "not_breached" }

// Phase is [pwpolicy.PhaseBreach].
func (Rule) Phase() pwpolicy.Phase { return pwpolicy.PhaseBreach }

// Describe implements [pwpolicy.Rule].
func (Rule) Describe() []pwpolicy.Requirement { return []pwpolicy.Requirement{{Code: Breached}} }

// Check looks up the candidate. Its error is ErrUnavailable, and only if
// FailClosed, or that of a context which has ended.
func (r Rule) Check(ctx context.Context, c *pwpolicy.Candidate) ([]pwpolicy.Violation, error) {
	f, err := lookup(ctx, r.Source, c.Password())
	switch {
	case err == nil && f.Outcome == Found && f.Count >= cmp.Or(r.Threshold, 1):
		return []pwpolicy.Violation{{Code: Breached}}, nil
	case err == nil:
		return nil, nil
	case ctx.Err() != nil:
		return nil, ctx.Err() // it is the request that has ended, not the source that failed
	case r.FailClosed:
		return nil, err
	}
	r.tell(ctx, err)
	return nil, nil
}

func (r Rule) tell(ctx context.Context, err error) {
	now := r.Now
	if now == nil {
		now = time.Now
	}
	r.Observer.Observe(ctx, passwd.Event{
		Time: now().UTC(), Name: passwd.EventUnavailable, Outcome: "failure", Reason: skipped, Err: err,
	})
}

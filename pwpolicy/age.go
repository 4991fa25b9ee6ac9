package pwpolicy

import (
	"context"
	"time"
)

// Aging is a Rule by which passwords grow too old. The sign-in of a service asks it.
type Aging interface {
	Rule
	// Deadline returns when a password that was written at the given time must be
	// changed, and when its owner should be warned.
	Deadline(written time.Time) (warn, must time.Time)
}

// MinAge rejects a change so soon after the last one, which keeps people from
// cycling through their history in one sitting. It applies only to voluntary
// changes: a forced change, a reset and an issued password are exempt, and so is an
// account whose last change is not known. SP 800-63B-4 has no such rule; anyone who
// suspects a theft an hour after a change needs a reset.
type MinAge struct {
	Hours int `json:"hours"` // 1 to 720
}

// MaxAge makes people change a password that has grown old. It is in no preset:
// SP 800-63B-4 §3.1.1.2 (6) and ASVS 6.2.10 forbid it (P11), because people respond
// with weaker passwords that follow from each other.
//
// At a sign-in from WarnDays before the age of Days, SignedIn.ChangeBy says by
// when the password must be changed. When GraceDays after the age of Days are
// over too, the account is marked passwd.Expired, and may do nothing but change it.
// This is decided at sign-in: sessions continue until they end. A password never
// grows old if it is not known when it was set.
type MaxAge struct {
	Days      int `json:"days"`                 // 1 to 3650
	WarnDays  int `json:"warn_days,omitempty"`  // fewer than Days
	GraceDays int `json:"grace_days,omitempty"` // 0 to 365
}

const day = 24 * time.Hour

// The bounds of ages.
const (
	maxMinAge = 720 // hours
	maxMaxAge = 3650
	maxGrace  = 365
)

// Validate reports an age out of bounds.
func (m MinAge) Validate() error {
	if m.Hours < 1 || m.Hours > maxMinAge {
		return paramError("hours", "%d is not within 1 to %d", m.Hours, maxMinAge)
	}
	return nil
}

// Name is "min_age", as in the JSON form of a policy.
func (MinAge) Name() string { return "min_age" }

// Phase is [PhaseLocal].
func (MinAge) Phase() Phase { return PhaseLocal }

// Describe implements [Rule].
func (MinAge) Describe() []Requirement { return nil }

// Check implements [Rule].
func (m MinAge) Check(_ context.Context, c *Candidate) ([]Violation, error) {
	age, known := c.Age()
	left := time.Duration(m.Hours)*time.Hour - age
	// An age below 0 is a clock that was set back: nobody knows how long to wait.
	if c.Subject().Occasion != OccasionChange || !known || age < 0 || left <= 0 {
		return nil, nil
	}
	hours := int((left + time.Hour - 1) / time.Hour)
	return []Violation{{TooYoung, map[string]any{"hours_left": hours}}}, nil
}

// Both returns the longer of m and another MinAge.
func (m MinAge) Both(other Rule) (Rule, bool) {
	o, ok := other.(MinAge)
	return MinAge{max(m.Hours, o.Hours)}, ok
}

// Validate reports ages out of bounds.
func (m MaxAge) Validate() error {
	switch {
	case m.Days < 1 || m.Days > maxMaxAge:
		return paramError("days", "%d is not within 1 to %d", m.Days, maxMaxAge)
	case m.WarnDays < 0 || m.WarnDays >= m.Days:
		return paramError("warn_days", "%d is not within 0 to %d, under days", m.WarnDays, m.Days-1)
	case m.GraceDays < 0 || m.GraceDays > maxGrace:
		return paramError("grace_days", "%d is not within 0 to %d", m.GraceDays, maxGrace)
	}
	return nil
}

// Name is "max_age", as in the JSON form of a policy.
func (MaxAge) Name() string { return "max_age" }

// Phase is [PhaseLocal].
func (MaxAge) Phase() Phase { return PhaseLocal }

// Describe implements [Rule].
func (MaxAge) Describe() []Requirement { return nil }

// Check finds nothing: a new password is not old.
func (MaxAge) Check(context.Context, *Candidate) ([]Violation, error) { return nil, nil }

// Deadline implements [Aging].
func (m MaxAge) Deadline(written time.Time) (warn, must time.Time) {
	old := written.Add(time.Duration(m.Days) * day)
	return old.Add(-time.Duration(m.WarnDays) * day), old.Add(time.Duration(m.GraceDays) * day)
}

// Deadline returns when a password that was written at the given time must be
// changed, and when its owner should be warned: the earliest that a rule sets.
// Zero if none does, or the time is zero.
func (p Policy) Deadline(written time.Time) (warn, must time.Time) {
	if written.IsZero() {
		return warn, must
	}
	for _, r := range p.list() {
		aging, ok := r.(Aging)
		if !ok {
			continue
		}
		w, m := aging.Deadline(written)
		if must.IsZero() || m.Before(must) {
			must = m
		}
		if warn.IsZero() || w.Before(warn) {
			warn = w
		}
	}
	return warn, must
}

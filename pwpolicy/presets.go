package pwpolicy

// must is for the presets, whose rules cannot be refused.
func must(p Policy, err error) Policy {
	if err != nil {
		panic(err) // unreachable
	}
	return p
}

// NIST is the policy of SP 800-63B-4 §3.1.1.2 for passwords that are the only
// factor: 15 characters or more, up to the 4,096 bytes that hold for every
// password, none that is common or little more than common, none that is little
// more than the login, personal data, the service's name or the current password.
// No rules on composition, no expiry, no history (P1–P8, P11).
func NIST() Policy {
	return must(New(Length{}, NotCommon{}, NotSimilar{}, Strength{MinBits: NISTBits}))
}

// Recommended is NIST with a stricter estimate, of 28 bits: a score of 3 or more.
func Recommended() Policy {
	return must(New(Length{}, NotCommon{}, NotSimilar{}, Strength{MinBits: RecommendedBits}))
}

// WithSecondFactor is NIST with 8 characters or more, and an estimate that n
// can reach, for hosts where a password is always combined with a second factor.
func WithSecondFactor() Policy {
	return must(New(Length{Min: 8}, NotCommon{}, NotSimilar{}, Strength{MinBits: ShortBits}))
}

// Conventional is the five rules that many published APIs document: not similar
// to personal information, 8 characters, not common, not entirely numeric, and
// one of each class of characters. "Not common" takes in what is little more than
// common: "Summer2026!" has all classes. SP 800-63B-4 §3.1.1.2 (5) forbids rules
// on composition; this is for clients that rely on them.
func Conventional() Policy {
	return must(New(
		NotSimilar{}, Length{Min: 8}, NotCommon{}, NotNumeric{}, Classes{Upper: 1, Lower: 1, Digit: 1, Symbol: 1},
		Strength{MinBits: ShortBits, AsTooCommon: true},
	))
}

// InsecureNoRules accepts any password that can be hashed: the account is open to
// whoever guesses "1".
func InsecureNoRules() Policy { return must(New()) }

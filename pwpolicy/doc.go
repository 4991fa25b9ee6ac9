// Package pwpolicy judges new passwords, for programs that need only that: it needs neither
// the service of package passwd nor a hasher.
//
// # Which name for which need
//
//   - A policy to begin with: [NIST], which the zero [Policy] is too;
//     [WithSecondFactor], [Conventional].
//   - A policy of one's own: [New], of the rules here ([Length], [Classes],
//     [Characters], [NotCommon], [NotSimilar], [NotReused], [MinAge] …), of packages
//     pwpolicy/strength and pwpolicy/breach, and of the host's own ([Rule]).
//   - A policy as data: [Parse], strict and with the place of each error, and
//     [Policy.MarshalJSON]. What tenants may tighten and not loosen: [Policy.Over].
//   - Judge a password: [Policy.Check] of a [Candidate], which is a password for a
//     [Subject]. It reports every [Violation] at once, as a code with parameters.
//   - Say what is asked for, before anybody types: [Policy.Requirements].
//   - Words for both, in ten languages: package locale.
//
// A rule sees the account as far as it needs to: its logins and personal data, the
// occasion, and questions about its past passwords, never a hash.
package pwpolicy

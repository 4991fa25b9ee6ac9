// Package pwhash makes and verifies password hashes, for programs that need only that: it
// needs neither the service of package passwd nor a policy.
//
// # Which name for which need
//
//   - Hash and verify: [Argon2id], whose zero value is OWASP's choice. It also verifies
//     bcrypt, [Scrypt] and [PBKDF2] hashes, so that a table of several kinds needs one
//     hasher. Give it what [Prepare] returns.
//   - Know when to hash again: the [Verdict] is Stale where a hash made now would be
//     better.
//   - Meet FIPS 140: [PBKDF2]. Use the parameters of RFC 9106: [RFC9106]. Choose them
//     for a machine: [Calibrate].
//   - Keep a key apart from the database: [Pepper].
//   - Refuse stored hashes that would cost too much: [Bounds], set on every hasher by
//     default; [BoundsError] says what was too much.
//   - Count what a table has: [Inspector].
//   - Verify the hashes of other stacks: package pwhash/foreign.
//
// A hasher does not bound how many hashes are computed at once, each of which holds
// its memory, 19 MiB by default. The service of package passwd does; without it, use a
// semaphore, or a burst of sign-ins will take gigabytes.
//
// Errors, as everywhere in this module, never have a password or a hash in them, and
// a [Hash] prints as "[redacted]".
package pwhash

// Package strength estimates how many guesses a password withstands, as a rule of
// a policy and as a meter to show while it is typed.
//
//	policy := strength.Recommended()                     // NIST's rules, and 28 bits or more
//	result := strength.Estimate(password, "ada", "ACME") // to show: score, reasons, feedback
//
// The estimate is that of zxcvbn (Wheeler, USENIX Security 2016): a password is
// the cheapest sequence of known patterns, words, names, keyboard rows, dates,
// repeats, and of characters that no pattern explains. The word lists, keyboards
// and the choice of the cheapest sequence are those of zxcvbn-go; the matchers are
// this package's own, because those of zxcvbn-go take seconds for input that an
// attacker picks, count bytes for characters, and miss reversed words, repeated
// blocks and dates at the end. The bits and scores are close to what the
// JavaScript zxcvbn 4 shows in a browser, which also prices a character without a
// pattern at ten guesses.
//
// Text is read in NFKC, without marks, diacritics of Latin letters and invisible
// characters. The first 64 characters count: more could only make a password
// stronger. The cost is bounded, whatever the input.
//
// Importing the package costs a program what zxcvbn-go costs it: some milliseconds
// at its start to unpack the lists, and their memory. Tables of this package's own
// are built on first use: 0.6 MB, a few milliseconds. All of it is safe for
// concurrent use, and no result holds anything of the password.
package strength

// Package family makes the long part of the list of common passwords. No public
// list has 3,000 entries of 15 or more characters, the length that NIST asks for,
// so these are made the way people make them: a common password said again until
// it is long enough, one with digits counted up behind it, digits, the alphabet
// and the rows of keyboards.
package family

import (
	"slices"
	"strings"
)

// Min is the least length of what Long makes.
const Min = 15

const (
	repeated = 3000 // words of the list that are repeated
	counted  = 1500 // and that digits follow
	most     = 20   // length of the longest runs
)

// Long returns the family for words in the order of their frequency, sorted and
// without doubles.
func Long(words []string) []string {
	var all []string
	for i, w := range words {
		w = strings.ToLower(w)
		if len(w) < 2 || len(w) >= Min {
			continue
		}
		if i < repeated {
			all = append(all, strings.Repeat(w, max(2, (Min+len(w)-1)/len(w))))
		}
		if i < counted {
			const digits = "12345678901234"
			all = append(all, w+digits[:Min-len(w)])
			if len(w) >= 5 {
				all = append(all, w+digits[:10])
			}
		}
	}
	all = append(all, runs()...)
	all = append(all, keyboards()...)
	slices.Sort(all)
	return slices.Compact(all)
}

// runs are one or two characters again and again, and cycles of digits and of
// the alphabet in both directions.
func runs() []string {
	const digits, letters = "0123456789", "abcdefghijklmnopqrstuvwxyz"
	var all []string
	for _, c := range digits + letters {
		for n := Min; n <= most; n++ {
			all = append(all, strings.Repeat(string(c), n))
		}
	}
	for i := range 100 {
		pair := string(digits[i/10]) + string(digits[i%10])
		all = append(all, strings.Repeat(pair, 8), strings.Repeat(pair, 10))
	}
	for _, cycle := range []string{digits, "123456789", letters} {
		for start := range cycle {
			turned := strings.Repeat(cycle[start:]+cycle[:start], 3)
			for n := Min; n <= max(most, len(cycle)); n++ {
				all = append(all, turned[:n], reverse(turned[:n]))
			}
		}
	}
	return all
}

// keyboards are walks over keyboards, from their first key on, in both
// directions.
func keyboards() []string {
	walks := []string{
		"qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn",
		"asdfghjklqwertyuiop", "zxcvbnmasdfghjklqwertyuiop", "1234567890qwertyuiop", "qwertyuiop1234567890",
		"qwertyuiop[]asdfghjkl;'zxcvbnm,./", "1234567890-=qwertyuiop", "asdfghjklzxcvbnm", "zxcvbnmasdfghjkl",
		"1qaz2wsx3edc4rfv5tgb6yhn7ujm", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "zaq12wsxcde34rfvbgt56yhn",
		"qazwsxedcrfvtgbyhnujmikolp", "qweasdzxcrtyfghvbnuiojklm", "qwerasdfzxcv1234tyuighjk", "1qazxsw23edcvfr45tgbnhy6",
		"qwertyqwertyqwerty", "asdfasdfasdfasdf", "qwerty1234567890", "qwertyuiop123456789", "asdfghjkl1234567890", "zxcvbnm1234567890",
		"1234qwerasdfzxcv", "123qweasdzxc456rtyfghvbn", "147258369147258369", "159357258456159357", "789456123789456123", "741852963741852963",
		"a1b2c3d4e5f6g7h8i9j0", "1a2b3c4d5e6f7g8h9i0j", "abc123def456ghi789", "aabbccddeeffgghhiijj", "112233445566778899", "1122334455667788990011",
		"abcdefghijklmnopqrstuvwxyz1234567890", "1234567890abcdefghijklmnopqrstuvwxyz", "abcdefg1234567890", "abcd1234abcd1234", "abc123abc123abc123",
	}
	var all []string
	for _, w := range walks {
		for n := Min; n <= len(w); n++ {
			all = append(all, w[:n], reverse(w[:n]))
		}
		if len(w) < 2*most {
			all = append(all, w)
		}
	}
	return all
}

func reverse(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

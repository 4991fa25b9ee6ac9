package pwpolicy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/passwd-go/passwd/pwpolicy"
)

// judged returns the codes that a rule alone finds, with their parameters.
func judged(t testing.TB, r pwpolicy.Rule, password string, a account) string {
	t.Helper()
	found, err := policyOf(t, r).Check(ctx, candidate(password, a), pwpolicy.PhaseLocal)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, v := range found {
		s := string(v.Code)
		if v.Params != nil {
			s += fmt.Sprint(v.Params)
		}
		all = append(all, s)
	}
	return strings.Join(all, " ")
}

func mustBlocklist(t testing.TB, list string) *pwpolicy.Blocklist {
	t.Helper()
	b, err := pwpolicy.NewBlocklist(strings.NewReader(list))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestNotCommon(t *testing.T) { // P7
	own := mustBlocklist(t, "\uFEFFTrebuchet\r\n\r\nlinseed oil\n# no comment\nПАРОЛЬ-ПАРОЛЬ\n\xff\xfe\nlast line")
	trim, more := pwpolicy.NotCommon{Trim: true}, pwpolicy.NotCommon{Lists: []*pwpolicy.Blocklist{nil, own}}
	if own.Len() != 5 {
		t.Errorf("%d entries, want 5", own.Len())
	}
	for _, c := range []struct {
		rule     pwpolicy.NotCommon
		password string
		want     string
	}{
		{pwpolicy.NotCommon{}, "password", "too_common"},
		{pwpolicy.NotCommon{}, "P@ssw0rdP@ssw0rd", "too_common"},
		{pwpolicy.NotCommon{}, "123456789012345", "too_common"},
		{pwpolicy.NotCommon{}, "qwertyuiopasdfghjkl", "too_common"},
		{pwpolicy.NotCommon{}, "abcdefghijklmnopqrstuvwxyz", "too_common"},
		{pwpolicy.NotCommon{}, "ｉｌｏｖｅｙｏｕ", "too_common"},
		{pwpolicy.NotCommon{}, "passwordpassword of mine", ""}, // a superstring
		{pwpolicy.NotCommon{}, "correct horse battery staple", ""},
		{pwpolicy.NotCommon{}, "Sunshine2024!", ""},
		{pwpolicy.NotCommon{}, "trebuchet", ""},
		{trim, "Sunshine2024!", "too_common"},
		{trim, "99 sunshine 99", "too_common"},
		{trim, "trebuchet 1", ""},
		{more, "TREBUCHET", "too_common"},
		{more, "7rebuch3t", "too_common"},
		{more, "Linseed Oil", "too_common"},
		{more, "linseedoil", ""},
		{more, "# no comment", "too_common"},
		{more, "Пароль-пароль", "too_common"},
		{more, "LAST LINE", "too_common"},
		{more, "password", "too_common"},
		{more, "trebuchets", ""},
		{pwpolicy.NotCommon{Lists: more.Lists, Trim: true}, "trebuchet1066", "too_common"},
	} {
		if got := judged(t, c.rule, c.password, account{}); got != c.want {
			t.Errorf("%q: got %q, want %q", c.password, got, c.want)
		}
	}
}

func TestNewBlocklistFails(t *testing.T) {
	down := errors.New("down")
	if _, err := pwpolicy.NewBlocklist(iotest.ErrReader(down)); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
	if _, err := pwpolicy.NewBlocklist(endless{}); err == nil || errors.Is(err, down) {
		t.Errorf("an endless line: %v", err)
	}
	if b := mustBlocklist(t, "\r\n\n"); b.Len() != 0 {
		t.Errorf("%d entries in empty lines", b.Len())
	}
	for size, want := range map[int]int{4096: 3, 4097: 2, 8192: 2, 20_000: 2} { // no password is over 4,096 bytes
		if b := mustBlocklist(t, "first\n"+strings.Repeat("y", size)+"\r\nlast"); b.Len() != want {
			t.Errorf("a line of %d bytes: %d entries, want %d", size, b.Len(), want)
		}
	}
}

// endless is a line without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestNotCommonUnderAFloor(t *testing.T) {
	a, b := mustBlocklist(t, "trebuchet"), mustBlocklist(t, "mangonel")
	rule, ok := pwpolicy.NotCommon{Lists: []*pwpolicy.Blocklist{a}}.Both(pwpolicy.NotCommon{Lists: []*pwpolicy.Blocklist{a, b}, Trim: true})
	if both, is := rule.(pwpolicy.NotCommon); !ok || !is || len(both.Lists) != 2 || !both.Trim {
		t.Errorf("got %v, %t", rule, ok)
	}
	if _, ok := (pwpolicy.NotCommon{}).Both(pwpolicy.Length{}); ok {
		t.Error("one rule with a length")
	}
}

func FuzzNotCommon(f *testing.F) {
	f.Add("P@ssword1!", "password\r\nx")
	f.Add("ｐ\u200bａ", "\uFEFFpa")
	f.Add("\n", "\n")
	f.Fuzz(func(t *testing.T, password, list string) {
		own, err := pwpolicy.NewBlocklist(strings.NewReader(list))
		if err != nil {
			t.Fatal(err)
		}
		c := candidate(password, account{})
		plain, _ := pwpolicy.NotCommon{Lists: []*pwpolicy.Blocklist{own}}.Check(ctx, c)
		trimmed, _ := pwpolicy.NotCommon{Lists: []*pwpolicy.Blocklist{own}, Trim: true}.Check(ctx, c)
		if len(plain) > len(trimmed) {
			t.Error("found, but not trimmed")
		}
		listed := false
		for line := range strings.SplitSeq(strings.TrimPrefix(list, "\uFEFF"), "\n") {
			listed = listed || strings.TrimSuffix(line, "\r") == c.Password()
		}
		if listed && c.Password() != "" && own.Len() > 0 && len(plain) == 0 && utf8.ValidString(c.Password()) && visible(c.Password()) {
			t.Errorf("%q is listed and not found", c.Password())
		}
	})
}

// visible reports whether more than invisible characters is left of a password.
func visible(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r > ' ' && r < 0x7f })
}

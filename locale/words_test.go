package locale_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/internal/jsonstrict"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/pwpolicy"
	"github.com/passwd-go/passwd/pwpolicy/breach"
)

type params = map[string]any

// codes has, for each violation code, parameters to start from and for each of
// them other values, every one of which must lead to another sentence. What only
// one side has words for is marked.
var codes = map[pwpolicy.Code]struct {
	params params
	others map[string][]any
	only   map[string]string // parameter: "violation" or "requirement"
}{
	pwpolicy.TooShort:            {params: params{"min": 15}, others: map[string][]any{"min": {1, 3, 100, 2_000_000}}},
	pwpolicy.TooLong:             {params: params{"max": 64, "unit": "characters"}, others: map[string][]any{"max": {1, 3, 128}, "unit": {"bytes", "parsecs"}}},
	pwpolicy.InvalidEncoding:     {},
	pwpolicy.MissingClass:        {params: params{"class": "upper", "min": 1}, others: map[string][]any{"class": {"lower", "digit", "symbol", "emoji"}, "min": {2, 3, 11, 100}}},
	pwpolicy.Numeric:             {},
	pwpolicy.SameAsLogin:         {params: params{"attribute": "username"}, others: map[string][]any{"attribute": {"email", "mobile"}}},
	pwpolicy.Reused:              {params: params{"depth": 5}, others: map[string][]any{"depth": {1, 2, 24}}},
	pwpolicy.TooRepeated:         {params: params{"max": 3}, others: map[string][]any{"max": {1, 2, 12}}},
	pwpolicy.TooSequential:       {params: params{"max": 3}, others: map[string][]any{"max": {1, 2, 12}}},
	pwpolicy.ForbiddenCharacters: {params: params{"characters": "<>"}, others: map[string][]any{"characters": {"&", "äß"}}},
	pwpolicy.MissingCharacters:   {params: params{"characters": "#+", "min": 1}, others: map[string][]any{"characters": {"-_"}, "min": {2, 3, 12}}},
	pwpolicy.TooYoung:            {params: params{"hours_left": 1}, others: map[string][]any{"hours_left": {2, 3, 24}}, only: map[string]string{"hours_left": "violation"}},
	pwpolicy.TooWeak: {
		params: params{"reasons": []string{"word"}}, // and min_bits, which nobody is told in words
		others: map[string][]any{"reasons": {[]string{"date"}, []string{"word", "date"}, []any{"word", "short"}}},
		only:   map[string]string{"reasons": "violation"},
	},
	breach.Breached:         {},
	pwpolicy.TooCommon:      {},
	pwpolicy.Similar:        {params: params{"attribute": "last_name"}, others: map[string][]any{"attribute": {"email", "birthdate", "shoe_size"}}},
	pwpolicy.SimilarCurrent: {},
	pwpolicy.ContextWord:    {},
}

// TestEveryCode finds a sentence of its own for every code in every language, and
// every parameter in it (P10).
func TestEveryCode(t *testing.T) {
	for _, p := range locale.Printers() {
		for side, say := range map[string]func(pwpolicy.Code, params) string{
			"violation": func(c pwpolicy.Code, v params) string {
				return p.Violation(pwpolicy.Violation{Code: c, Params: v})
			},
			"requirement": func(c pwpolicy.Code, v params) string {
				return p.Requirement(pwpolicy.Requirement{Code: c, Params: v})
			},
		} {
			seen := map[string]pwpolicy.Code{say("of_a_host", nil): "of_a_host"}
			for code, c := range codes {
				name := p.Language() + " " + side + " " + string(code)
				start := say(code, c.params)
				if same, twice := seen[start]; twice || start == "" || strings.ContainsAny(start, "{}") {
					t.Errorf("%s: %q, which is that of %q", name, start, same)
				}
				seen[start] = code
				if bare := say(code, nil); bare == "" || bare == say("of_a_host", nil) || strings.ContainsAny(bare, "{}") {
					t.Errorf("%s without parameters: %q", name, bare)
				}
				for param := range c.params {
					if only, ok := c.only[param]; ok && only != side {
						continue
					}
					if c.others[param] == nil {
						t.Errorf("%s: no other values for %s", name, param)
					}
					told := []string{start}
					for _, value := range c.others[param] {
						changed := params{}
						for k, v := range c.params {
							changed[k] = v
						}
						changed[param] = value
						s := say(code, changed)
						if slices.Contains(told, s) || strings.ContainsAny(s, "{}") {
							t.Errorf("%s with %s %v: %q does not tell it", name, param, value, s)
						}
						told = append(told, s)
					}
				}
			}
		}
	}
}

// TestSentences reads some sentences of each language whole: counts in each
// plural form, enumerations, the case that an attribute is put into.
func TestSentences(t *testing.T) {
	violation := func(code pwpolicy.Code, v params) func(locale.Printer) string {
		return func(p locale.Printer) string { return p.Violation(pwpolicy.Violation{Code: code, Params: v}) }
	}
	requirement := func(code pwpolicy.Code, v params) func(locale.Printer) string {
		return func(p locale.Printer) string { return p.Requirement(pwpolicy.Requirement{Code: code, Params: v}) }
	}
	short := func(n int) func(locale.Printer) string { return violation(pwpolicy.TooShort, params{"min": n}) }
	least := func(n int) func(locale.Printer) string { return requirement(pwpolicy.TooShort, params{"min": n}) }
	name := violation("similar", params{"attribute": "first_name"})
	conventional := func(p locale.Printer) string {
		policy, err := pwpolicy.New(pwpolicy.Length{Min: 8}, pwpolicy.Classes{Upper: 1, Lower: 1, Digit: 1, Symbol: 1})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(p.Describe(policy.Requirements()), " ")
	}
	for _, tc := range []struct {
		lang string
		say  func(locale.Printer) string
		want string
	}{
		{"en", short(1), "Enter a password."},
		{"en", short(15), "Use at least 15 characters."},
		{"en", least(15), "At least 15 characters."},
		{"en", name, "The password is too similar to your first name."},
		{"en", conventional, "At least 8 characters. At least one uppercase letter, one lowercase letter, one digit and one special character."},
		{"en", violation(pwpolicy.TooYoung, params{"hours_left": 1}), "You can change your password again in one hour."},
		{"en", violation(pwpolicy.SameAsLogin, params{"attribute": "mobile"}), "The password is the same as your phone number."},
		{"en", violation(pwpolicy.TooWeak, params{"reasons": []string{"name", "name", "of_tomorrow", "date", "short"}}), "This password is too easy to guess. It contains a name, a date or a year and too few characters."},
		{"nl", short(15), "Gebruik minstens 15 tekens."},
		{"nl", name, "Het wachtwoord lijkt te veel op uw voornaam."},
		{"nl", conventional, "Minstens 8 tekens. Minstens één hoofdletter, één kleine letter, één cijfer en één speciaal teken."},
		{"fr", short(1), "Saisissez un mot de passe."},
		{"fr", short(15), "Utilisez au moins 15 caractères."},
		{"fr", least(3_000_000), "Au moins 3000000 de caractères."},
		{"fr", name, "Le mot de passe ressemble trop à votre prénom."},
		{"fr", conventional, "Au moins 8 caractères. Au moins une majuscule, une minuscule, un chiffre et un caractère spécial."},
		{"de", short(15), "Verwenden Sie mindestens 15 Zeichen."},
		{"de", name, "Das Passwort ist Ihrem Vornamen zu ähnlich."},
		{"de", conventional, "Mindestens 8 Zeichen. Enthält mindestens einen Großbuchstaben, einen Kleinbuchstaben, eine Ziffer und ein Sonderzeichen."},
		{"es", short(15), "Use al menos 15 caracteres."},
		{"es", name, "La contraseña se parece demasiado a su nombre."},
		{"es", conventional, "Al menos 8 caracteres. Al menos una letra mayúscula, una letra minúscula, un número y un carácter especial."},
		{"pt", short(15), "Use pelo menos 15 caracteres."},
		{"pt", name, "A senha é parecida demais com seu nome."},
		{"pt", conventional, "Pelo menos 8 caracteres. Pelo menos uma letra maiúscula, uma letra minúscula, um número e um caractere especial."},
		{"it", short(15), "Utilizzare almeno 15 caratteri."},
		{"it", name, "La password è troppo simile al nome."},
		{"it", conventional, "Almeno 8 caratteri. Almeno una lettera maiuscola, una lettera minuscola, una cifra e un carattere speciale."},
		{"ar", short(1), "يُرجى إدخال كلمة مرور."},
		{"ar", least(2), "حرفان على الأقل."},
		{"ar", least(8), "8 أحرف على الأقل."},
		{"ar", least(15), "15 حرفًا على الأقل."},
		{"ar", least(100), "100 حرف على الأقل."},
		{"ar", name, "كلمة المرور تشبه الاسم الأول إلى حد كبير."},
		{"ar", conventional, "8 أحرف على الأقل. تحتوي على الأقل على حرف كبير واحد وحرف صغير واحد ورقم واحد ورمز خاص واحد."},
		{"ar", violation(pwpolicy.ForbiddenCharacters, params{"characters": "<>"}), "يُرجى عدم استخدام أي من هذه الأحرف: \u2066< >\u2069"},
		{"he", least(2), "לפחות שני תווים."},
		{"he", short(15), "הסיסמה חייבת להכיל לפחות 15 תווים."},
		{"he", name, "הסיסמה דומה מדי לשם הפרטי."},
		{"he", conventional, "לפחות 8 תווים. לפחות אות גדולה אחת, אות קטנה אחת, ספרה אחת ותו מיוחד אחד."},
		{"ja", short(1), "パスワードを入力してください。"},
		{"ja", short(15), "15文字以上で入力してください。"},
		{"ja", name, "パスワードがお名前（名）に似すぎています。"},
		{"ja", conventional, "8文字以上。 大文字、小文字、数字、記号をそれぞれ1文字以上含むこと。"},
	} {
		p := locale.Match(tc.lang)
		if got := tc.say(p); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.lang, got, tc.want)
		}
	}
}

// TestParameters has parameters as they come from JSON, and such as nobody should
// send.
func TestParameters(t *testing.T) {
	var p locale.Printer
	for _, tc := range []struct {
		code   pwpolicy.Code
		params params
		want   string
	}{
		{pwpolicy.TooShort, params{"min": 15.0}, "Use at least 15 characters."},
		{pwpolicy.TooShort, params{"min": int64(15)}, "Use at least 15 characters."},
		{pwpolicy.TooShort, params{"min": 14.2}, "Use at least 15 characters."},
		{pwpolicy.TooShort, params{"min": "15"}, "Use a longer password."},
		{pwpolicy.TooShort, params{"min": 0}, "Use a longer password."},
		{pwpolicy.TooShort, params{"min": -3}, "Use a longer password."},
		{pwpolicy.TooShort, params{"min": math.NaN()}, "Use a longer password."},
		{pwpolicy.TooShort, params{"min": math.Inf(1)}, "Use a longer password."},
		{pwpolicy.TooShort, params{"min": nil}, "Use a longer password."},
		{pwpolicy.TooLong, params{"max": 64}, "Use at most 64 characters."},
		{pwpolicy.TooLong, params{"max": 4096, "unit": "bytes"}, "Use a shorter password, at most 4096 bytes."},
		{pwpolicy.TooLong, params{"max": 64, "unit": "parsecs"}, "Use a shorter password."},
		{pwpolicy.TooLong, params{"unit": "bytes"}, "Use a shorter password."},
		{pwpolicy.MissingClass, params{"class": "upper"}, "Use other kinds of characters as well."},
		{pwpolicy.MissingClass, params{"class": []string{"upper"}, "min": 1}, "Use other kinds of characters as well."},
		{pwpolicy.MissingClass, params{"class": "emoji", "min": 1}, "Use other kinds of characters as well."},
		{pwpolicy.SameAsLogin, params{"attribute": "shoe_size"}, "The password is the same as your personal information."},
		{pwpolicy.SameAsLogin, params{"attribute": 7}, "Do not use your username, email address or phone number as your password."},
		{pwpolicy.TooWeak, params{"min_bits": 28.0, "reasons": []string{}}, "This password is too easy to guess."},
		{pwpolicy.TooWeak, params{"reasons": []any{"date", 7, nil}}, "This password is too easy to guess. It contains a date or a year."},
		{pwpolicy.TooWeak, params{"reasons": []string{"of_tomorrow"}}, "This password is too easy to guess."},
		{pwpolicy.ForbiddenCharacters, params{"allowed": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"}, "Use only these characters: a–z A–Z 0–9 - _"},
		{pwpolicy.ForbiddenCharacters, params{"characters": "abc \t\u00a0\u0301é"}, "Do not use any of these characters: a b c ␣ U+0009 U+00A0 U+0301 é"},
		{pwpolicy.ForbiddenCharacters, params{"characters": "ש!"}, "Do not use any of these characters: \u2066ש !\u2069"},
		{pwpolicy.ForbiddenCharacters, params{"characters": ""}, "The password contains characters that are not allowed."},
		{pwpolicy.ForbiddenCharacters, params{"characters": strings.Repeat("é", 65)}, "The password contains characters that are not allowed."},
		{pwpolicy.ForbiddenCharacters, params{"characters": "{min}"}, "Do not use any of these characters: { m i n }"},
		{pwpolicy.ForbiddenCharacters, params{"characters": "\xff{"}, "Do not use any of these characters: \uFFFD {"},
		{pwpolicy.MissingCharacters, params{"characters": "#", "min": 2}, "Use at least 2 of these characters: #"},
		{pwpolicy.MissingCharacters, params{"characters": "#"}, "The password lacks characters that are required."},
		{"of_a_host", params{"min": 3, "class": "upper"}, "Choose another password."},
		{"", params{"min": 3}, "Choose another password."},
		{"other", nil, "Choose another password."},
	} {
		if got := p.Violation(pwpolicy.Violation{Code: tc.code, Params: tc.params}); got != tc.want {
			t.Errorf("%s %v: %q, want %q", tc.code, tc.params, got, tc.want)
		}
	}
}

// TestCombined puts classes of one character into one sentence, where the first of
// them was, and says nothing twice.
func TestCombined(t *testing.T) {
	var p locale.Printer
	class := func(name string, min any) pwpolicy.Requirement {
		return pwpolicy.Requirement{Code: pwpolicy.MissingClass, Params: params{"class": name, "min": min}}
	}
	own := pwpolicy.Requirement{Code: "of_a_host"}
	for _, tc := range []struct {
		all  []pwpolicy.Requirement
		want []string
	}{
		{nil, []string{}},
		{[]pwpolicy.Requirement{class("digit", 1)}, []string{"At least one digit."}},
		{[]pwpolicy.Requirement{class("digit", 1), class("digit", 1.0)}, []string{"At least one digit."}},
		{[]pwpolicy.Requirement{class("upper", 1), class("digit", 2)}, []string{"At least one uppercase letter.", "At least 2 digits."}},
		{[]pwpolicy.Requirement{own, class("upper", 1), own, class("digit", 2), class("lower", 1), class("emoji", 1)},
			[]string{"Further rules apply.", "At least one uppercase letter and one lowercase letter.", "At least 2 digits.", "Several kinds of characters."}},
	} {
		kept := slices.Clone(tc.all)
		if got := p.Describe(tc.all); !slices.Equal(got, tc.want) || got == nil {
			t.Errorf("%v: %q, want %q", tc.all, got, tc.want)
		}
		for i, r := range kept {
			if r.Code != tc.all[i].Code || len(r.Params) != len(tc.all[i].Params) {
				t.Errorf("requirement %d was changed to %v", i, tc.all[i])
			}
		}
	}
	missing := []pwpolicy.Violation{
		{Code: pwpolicy.MissingClass, Params: params{"class": "digit", "min": 1}},
		{Code: pwpolicy.MissingClass, Params: params{"class": "symbol", "min": 1}},
		{Code: pwpolicy.Numeric},
	}
	want := []string{"Use at least one digit and one special character.", "Do not use digits alone."}
	if got := p.Violations(missing); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestProblem(t *testing.T) {
	for _, p := range locale.Printers() {
		seen := map[string]passwd.Code{}
		for _, code := range endpoint.Codes() {
			title, detail := p.Problem(code)
			if title == "" || detail == "" || seen[title] != "" || seen[detail] != "" {
				t.Errorf("%s %s: %q, %q are missing or those of another code", p.Language(), code, title, detail)
			}
			seen[title], seen[detail] = code, code
		}
		title, detail := p.Problem(passwd.CodeInternal)
		if t1, d1 := p.Problem("of_tomorrow"); t1 != title || d1 != detail {
			t.Errorf("%s: an unknown code is %q, %q", p.Language(), t1, d1)
		}
		fields := map[string]bool{}
		for _, fault := range []jsonstrict.Fault{jsonstrict.Missing, jsonstrict.Null, jsonstrict.WrongType, jsonstrict.Unknown, jsonstrict.Exclusive, jsonstrict.NotAllowed} {
			fields[p.Field(string(fault))] = true
		}
		if len(fields) != 6 || fields[""] || !fields[p.Field("of_tomorrow")] {
			t.Errorf("%s: fields %v", p.Language(), fields)
		}
		if p.ResetRequested() == "" {
			t.Errorf("%s: nothing answers a request for a link", p.Language())
		}
	}
}

func TestNames(t *testing.T) {
	for _, p := range locale.Printers() {
		other := p.Attribute("shoe_size")
		for _, same := range [][]string{
			{"username", "login"}, {"email", "Email", "email_address"}, {"mobile", "phone", "PhoneNumber"}, {"name", "full name"},
			{"first_name", "firstName", "given-name"}, {"last_name", "lastName", "surname"}, {"nickname", "display_name"},
			{"birthdate", "date_of_birth"}, {"organization", "company"}, {"address", "city"}, {"shoe_size", "", "other", strings.Repeat("e", 1<<20)},
		} {
			for i, name := range same {
				got := p.Attribute(name)
				if got == "" || got != p.Attribute(same[0]) || (got == other) != (same[0] == "shoe_size") {
					t.Errorf("%s: attribute %.40q (%d) is %q", p.Language(), name, i, got)
				}
			}
		}
		classes := map[string]bool{}
		for _, class := range []string{"upper", "lower", "digit", "symbol"} {
			classes[p.Class(class)] = true
		}
		if len(classes) != 4 || classes[""] || p.Class("emoji") != "" {
			t.Errorf("%s: classes %v", p.Language(), classes)
		}
	}
}

// TestStrengthCodes finds words for everything that package strength says.
func TestStrengthCodes(t *testing.T) {
	for _, p := range locale.Printers() {
		bare := p.Violation(pwpolicy.Violation{Code: pwpolicy.TooWeak})
		for _, reason := range []pwpolicy.Reason{
			pwpolicy.ReasonCommonPassword, pwpolicy.ReasonPersonal, pwpolicy.ReasonWord, pwpolicy.ReasonName, pwpolicy.ReasonSubstitutions, pwpolicy.ReasonReversed,
			pwpolicy.ReasonKeyboard, pwpolicy.ReasonSequence, pwpolicy.ReasonRepeat, pwpolicy.ReasonDate, pwpolicy.ReasonShort,
		} {
			if p.Violation(pwpolicy.Violation{Code: pwpolicy.TooWeak, Params: params{"reasons": []string{string(reason)}}}) == bare {
				t.Errorf("%s: no words for the reason %s", p.Language(), reason)
			}
		}
		for _, advice := range []pwpolicy.Advice{
			pwpolicy.AddWords, pwpolicy.AvoidCommon, pwpolicy.AvoidPersonal, pwpolicy.AvoidSubstitutions, pwpolicy.AvoidReversal,
			pwpolicy.AvoidKeyboard, pwpolicy.AvoidSequences, pwpolicy.AvoidRepeats, pwpolicy.AvoidDates,
		} {
			if p.Advice(string(advice)) == "" {
				t.Errorf("%s: no words for the advice %s", p.Language(), advice)
			}
		}
		for _, weak := range []string{
			"personal", "common_password", "common_word", "name", "famous_phrase", "keyboard_walk", "sequence", "repetition", "date",
			"known_number", "few_characters", "common_word_with_year", "name_with_digits", "common_password_with_symbols",
		} {
			if s := p.Violation(pwpolicy.Violation{Code: pwpolicy.TooWeak, Params: params{"weak": weak}}); s == bare || strings.ContainsAny(s, "{}_") {
				t.Errorf("%s: %s is %q", p.Language(), weak, s)
			}
		}
		for _, weak := range []string{"", "of_tomorrow", "common_word_with_", "common_word_with_hat", "hat_with_year", "_with_year"} {
			if s := p.Violation(pwpolicy.Violation{Code: pwpolicy.TooWeak, Params: params{"weak": weak}}); s != bare {
				t.Errorf("%s: %q is %q", p.Language(), weak, s)
			}
		}
		for _, note := range []pwpolicy.Note{
			pwpolicy.BeginsWithSpace, pwpolicy.EndsWithSpace, pwpolicy.EndsWithLineBreak, pwpolicy.HasTab, pwpolicy.HasNoBreakSpace,
			pwpolicy.HasWideSpace, pwpolicy.HasInvisible,
		} {
			if p.Note(note) == "" || p.Note("of_tomorrow") != "" {
				t.Errorf("%s: no words for the note %s", p.Language(), note)
			}
		}
		if p.Advice("of_tomorrow") != "" {
			t.Errorf("%s: unknown advice is %q", p.Language(), p.Advice("of_tomorrow"))
		}
	}
}

// FuzzViolation looks for sentences that are empty, have a parameter left in, or
// echo what is not a policy's own (I7).
func FuzzViolation(f *testing.F) {
	for code := range codes {
		f.Add(string(code), "upper", "username", 3.0, 7)
	}
	f.Add("missing_class.upper", "other", "{min}", math.NaN(), -1)
	f.Fuzz(func(t *testing.T, code, class, attribute string, bits float64, count int) {
		const secret = "Zq7\u2603secret"
		all := params{
			"class": class, "attribute": attribute + secret, "unit": class, "reasons": []string{class, attribute, secret}, "min_bits": bits,
			"min": count, "max": count, "depth": count, "hours_left": count, "password": secret, "value": secret, "classes": []string{secret},
		}
		for _, p := range locale.Printers() {
			for _, s := range []string{
				p.Violation(pwpolicy.Violation{Code: pwpolicy.Code(code), Params: all}),
				p.Requirement(pwpolicy.Requirement{Code: pwpolicy.Code(code), Params: all}),
			} {
				if s == "" || strings.ContainsAny(s, "{}") || strings.Contains(s, secret) {
					t.Errorf("%s %q: %q", p.Language(), code, s)
				}
			}
		}
	})
}

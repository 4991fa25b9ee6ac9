package locale_test

import (
	"fmt"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/pwpolicy"
)

// What the account says comes before what the browser says.
func ExampleMatch() {
	account, header := "", "zh-TW,de-CH;q=0.8,en;q=0.5"
	p := locale.Match(account, header)
	fmt.Println(p.Language(), p.Direction())

	p = locale.Match("he", header)
	fmt.Println(p.Language(), p.Direction())
	// Output:
	// de ltr
	// he rtl
}

func ExamplePrinter_Describe() {
	policy, err := pwpolicy.New(pwpolicy.Length{Min: 12}, pwpolicy.Classes{Upper: 1, Digit: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, language := range []string{"en", "de", "ja"} {
		for _, sentence := range locale.Match(language).Describe(policy.Requirements()) {
			fmt.Println(sentence)
		}
	}
	// Output:
	// At least 12 characters.
	// At least one uppercase letter and one digit.
	// Mindestens 12 Zeichen.
	// Enthält mindestens einen Großbuchstaben und eine Ziffer.
	// 12文字以上。
	// 大文字、数字をそれぞれ1文字以上含むこと。
}

func ExamplePrinter_Violation() {
	p := locale.Match("fr-CA")
	fmt.Println(p.Violation(pwpolicy.Violation{Code: pwpolicy.TooShort, Params: map[string]any{"min": 15}}))
	fmt.Println(p.Violation(pwpolicy.Violation{Code: pwpolicy.SameAsLogin, Params: map[string]any{"attribute": "email"}}))
	fmt.Println(p.Violation(pwpolicy.Violation{Code: "of_a_host"}))
	// Output:
	// Utilisez au moins 15 caractères.
	// Le mot de passe est identique à votre adresse e-mail.
	// Choisissez un autre mot de passe.
}

func ExamplePrinter_Problem() {
	title, detail := locale.Match("nl").Problem(passwd.CodeInvalidToken)
	fmt.Println(title)
	fmt.Println(detail)
	// Output:
	// Ongeldige link of code
	// De link of code is onjuist of niet meer geldig. Vraag een nieuwe aan.
}

func ExamplePasswordRules() {
	requirements := pwpolicy.NIST().Requirements()
	fmt.Printf("<input type=password passwordrules=%q minlength=%d>\n", locale.PasswordRules(requirements), locale.MinLength(requirements))
	// Output:
	// <input type=password passwordrules="minlength: 15; allowed: ascii-printable;" minlength=15>
}

func ExampleDirection() {
	for _, tag := range []string{"ur", "az", "az-Arab"} {
		fmt.Println(tag, locale.Direction(tag))
	}
	// Output:
	// ur rtl
	// az ltr
	// az-Arab rtl
}

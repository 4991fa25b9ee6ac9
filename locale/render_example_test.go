package locale_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing/fstest"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
)

// A notifier renders what it is given and hands it to its sender.
func ExampleRenderer_Render() {
	messages, err := locale.NewRenderer(locale.RenderConfig{Name: "Example", Contact: "help@example.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	mail, err := messages.Render(passwd.Message{
		Kind: passwd.MessagePasswordChanged, Channel: passwd.EmailChannel, To: "ada@example.com",
		Username: "ada", Locale: "fr", Link: "https://app.example.com/account/password/cancel?token=x",
		At:     time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC),
		Client: passwd.Client{Addr: netip.MustParseAddr("192.0.2.7")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(mail.Subject)
	fmt.Println()
	fmt.Print(strings.ReplaceAll(mail.Text, "\u00a0", " ")) // French has no-break spaces
	// Output:
	// Votre mot de passe a été modifié – Example
	//
	// Le mot de passe de votre compte a été modifié. Les autres appareils ont été déconnectés.
	//
	// Si ce n’est pas vous, verrouillez le compte. Le mot de passe ne fonctionnera plus et tous les appareils seront déconnectés. Vous pourrez ensuite demander un lien pour définir un nouveau mot de passe.
	//
	// https://app.example.com/account/password/cancel?token=x
	//
	// Si c’est vous, vous n’avez rien à faire.
	//
	// Compte : ada
	// Date et heure : 1er mars 2026 à 12:00 (UTC)
	// Adresse IP : 192.0.2.7
	//
	// Aide : help@example.com
	//
	// Example
}

// A host adds its imprint to every mail, and says one thing in its own words.
func ExampleNewRenderer() {
	messages, err := locale.NewRenderer(locale.RenderConfig{Name: "Example", Templates: fstest.MapFS{
		"layout.html":       {Data: []byte(`{{define "footer"}}<p>Example Ltd, 1 High Street, Anytown</p>{{end}}`)},
		"de/reset_code.sms": {Data: []byte(`Ihr Code: {{.Code}}`)},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	sms, err := messages.Render(passwd.Message{
		Kind: passwd.MessageResetCode, Channel: passwd.SMSChannel, Locale: "de-AT", Code: "04711815",
		Link: "https://app.example.com/account/password/forgot", At: time.Now(), ExpiresAt: time.Now().Add(10 * time.Minute),
	})
	fmt.Println(sms.Text, err)
	// Output:
	// Ihr Code: 04711815
	// @app.example.com #04711815 <nil>
}

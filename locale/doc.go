// Package locale puts what package passwd says into words: what a policy asks
// for, what is wrong with a password, what went wrong with a request, and the
// messages to an account's owner, in English, Dutch, French, German, Spanish,
// Portuguese, Italian, Arabic, Hebrew and Japanese.
//
//	p := locale.Match(account.Locale, r.Header.Get("Accept-Language"))
//	for _, sentence := range p.Describe(requirements) { … }
//
//	messages, err := locale.NewRenderer(locale.RenderConfig{Name: "Example", Contact: "help@example.com"})
//	mail, err := messages.Render(message) // Subject, Text and HTML, or the Text of an SMS
//
// The sentences are plain text, not HTML: a template has to escape them. They may
// change in any release; the codes they are chosen by do not. They never contain a
// password or the value of an attribute, only what a policy is made of. They do not
// assume a gender, and address people formally where the language has a form for it.
//
// Numbers are written in the digits 0 to 9 without grouping in every language,
// Arabic included: these are the digits on the keys, and all readers of Arabic know
// them. Characters that a policy lists are set apart by Unicode isolates (U+2066,
// U+2069) where the text around them runs from right to left.
//
// A message says what happened, when and from where, how long it is valid, what to do
// and whom to contact, and what to do if it was somebody else; never a password. It
// is one mail, as plain text and as HTML with inline styles and nothing to fetch but
// RenderConfig.Logo, light or dark as its reader prefers; or one short text. A link
// is a line of text by itself, and no invisible character stands next to it or a
// code, so that what is copied is what was sent. A host can replace any part of it,
// see RenderConfig.Templates. Only programs that render messages link the template
// packages.
//
// Catalogues are embedded. Nothing is read or parsed before its first use, and
// each catalogue only once. Everything here is safe for concurrent use.
package locale

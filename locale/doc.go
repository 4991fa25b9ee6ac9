// Package locale puts what package passwd says into words: what a policy asks
// for, what it holds against a password, what went wrong with a request, and the
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
// password or the value of an attribute, only what a policy is made of. They
// address nobody by gender, and people formally where the language has a form for
// it.
//
// Numbers are written in the digits 0 to 9 without grouping in every language,
// Arabic included: these are the digits on the keys, and what all readers of
// Arabic know. Characters that a policy lists are kept apart by Unicode isolates
// (U+2066, U+2069) where the text around them runs from right to left.
//
// A message tells what happened, when and from where, for how long it is valid, what
// to do and whom to contact, and what if it was somebody else; never a password. It
// is one mail, as plain text and as HTML of inline styles with nothing to fetch but
// RenderConfig.Logo, light or dark as its reader has it; or one short text. A link
// is a line of text by itself, and no invisible character stands beside it or a code,
// so that what is copied is what was sent. A host replaces any part of it, see
// RenderConfig.Templates. What executes templates is linked into programs that render
// messages only.
//
// Catalogues are embedded. Nothing is read or parsed before its first use, and
// each catalogue only once. Everything here is safe for concurrent use.
package locale

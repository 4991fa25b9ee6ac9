package wire

import "github.com/passwd-go/passwd"

// Statuses returns what each format answers to each code, by its table.
func Statuses() map[string]map[passwd.Code]int {
	all := map[string]map[passwd.Code]int{}
	for format, t := range map[string]table{
		"grant": grantReplies, "profile": profileReplies, "signin": signInReplies, "remind": remindReplies, "brand": brandReplies,
	} {
		all[format] = map[passwd.Code]int{}
		for code, row := range t {
			all[format][code] = row.status
		}
		for _, code := range conflicts {
			all[format][code] = t.of(code).status
		}
	}
	return all
}

var (
	Decode     = decode
	Plausible  = plausibleEmail
	GrantTexts = func() (texts []string) {
		for _, row := range grantReplies {
			texts = append(texts, row.text)
		}
		return append(texts, errGrantClient.text, errGrantType.text, errGrantUsername.text, errOAuthClient.text, errOAuthGrantType.text)
	}
)

// Fields are required fields, for Decode: pairs of a name and a *string.
func Fields(pairs ...any) []text {
	var all []text
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, text{pairs[i].(string), pairs[i+1].(*string)})
	}
	return all
}

package passwdhttp

import "github.com/passwd-go/passwd"

func SafeNext(next string) bool { return safeNext(next) }

func PasswordRules(r []passwd.Requirement) string { return passwordRules(r) }

func Describe(code passwd.ViolationCode, params map[string]any) string { return describe(code, params) }

func StatusOf(code passwd.Code) int { return statuses[code] }

func HasText(code passwd.Code) bool {
	text := problemTexts[code]
	return text.title != "" && text.detail != ""
}

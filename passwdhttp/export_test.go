package passwdhttp

import "github.com/passwd-go/passwd"

func SafeNext(next string) bool { return safeNext(next) }

func StatusOf(code passwd.Code) int { return statuses[code] }

package passwd

// Digits returns what a code is taken for.
func Digits(typed string) string { return string(OneTimeCode(typed).digits()) }

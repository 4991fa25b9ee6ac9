module github.com/passwd-go/passwd/fastargon2

go 1.26.0

replace github.com/passwd-go/passwd => ..

require (
	golang.org/x/crypto v0.58.0
	golang.org/x/sys v0.49.0
)

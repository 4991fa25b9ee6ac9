module github.com/passwd-go/passwd/fastargon2

go 1.26.0

replace github.com/passwd-go/passwd => ..

require (
	github.com/passwd-go/passwd v0.0.0-00010101000000-000000000000
	golang.org/x/crypto v0.58.0
	golang.org/x/sys v0.49.0
)

require (
	github.com/google/uuid v1.6.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

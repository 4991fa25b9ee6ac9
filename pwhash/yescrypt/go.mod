module github.com/passwd-go/passwd/pwhash/yescrypt

go 1.26.0

replace github.com/passwd-go/passwd => ../..

require (
	github.com/go-crypt/x v0.4.17
	github.com/passwd-go/passwd v0.0.0-00010101000000-000000000000
)

require (
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

module github.com/passwd-go/passwd/cmd/passwdctl

go 1.26.0

replace (
	github.com/passwd-go/passwd => ../..
	github.com/passwd-go/passwd/fastargon2 => ../../fastargon2
	github.com/passwd-go/passwd/pwhash/yescrypt => ../../pwhash/yescrypt
)

require (
	github.com/go-sql-driver/mysql v1.10.1
	github.com/jackc/pgx/v5 v5.12.0
	github.com/passwd-go/passwd v0.0.0-00010101000000-000000000000
	github.com/passwd-go/passwd/fastargon2 v0.0.0-00010101000000-000000000000
	github.com/passwd-go/passwd/pwhash/yescrypt v0.0.0-00010101000000-000000000000
	github.com/spf13/cobra v1.10.2
	modernc.org/sqlite v1.61.1
)

require (
	filippo.io/edwards25519 v1.2.0 // indirect
	github.com/dustin/go-humanize v1.1.0 // indirect
	github.com/go-crypt/x v0.4.17 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/ncruces/go-strftime v1.1.0 // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20230129092748-24d4a6f8daec // indirect
	github.com/spf13/pflag v1.0.9 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	modernc.org/libc v1.79.0 // indirect
	modernc.org/mathutil v1.7.1 // indirect
	modernc.org/memory v1.12.1 // indirect
)

package passwd

import "github.com/passwd-go/passwd/pwhash"

// Hash is a stored password hash: [pwhash.Hash], under the name that the store
// contract uses.
type Hash = pwhash.Hash

package explore

import (
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwpolicy"
)

// policy is cheap, remembers passwords, and has them expire.
func policy() pwpolicy.Policy {
	p, err := pwpolicy.New(pwpolicy.Length{Min: 8}, pwpolicy.NotReused{Last: 3}, pwpolicy.MaxAge{Days: 90})
	if err != nil {
		panic(err)
	}
	return p
}

// limits stop an account soon.
func limits() passwd.Limits { return passwd.Limits{StopAfter: 15} }

// stopOthers is the part of StopAfter that is for clients whom the account does not know.
const stopOthers = 12

const tooOld = 100 * 24 * time.Hour

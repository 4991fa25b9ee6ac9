package explore

import (
	"time"

	"github.com/passwd-go/passwd"
)

// policy is cheap, remembers passwords, and has them expire.
func policy() passwd.Policy {
	p, err := passwd.NewPolicy(passwd.Length{Min: 8}, passwd.NotReused{Last: 3}, passwd.MaxAge{Days: 90})
	if err != nil {
		panic(err)
	}
	return p
}

// limits stop an account soon.
func limits() passwd.Limits { return passwd.Limits{StopAfter: 3} }

const tooOld = 100 * 24 * time.Hour

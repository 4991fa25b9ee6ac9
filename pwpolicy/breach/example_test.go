package breach_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/pwpolicy"
	"github.com/passwd-go/passwd/pwpolicy/breach"
)

// The corpus is a file here. In most programs it is
//
//	breach.NewRange(breach.RangeConfig{UserAgent: "example.com accounts"})
//
// or, where nothing may leave the machine, breach.OpenFilter("pwned.filter").
func Example() {
	const corpus = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:52579\n" +
		"ABF7AAD6438836DBE526AA231ABDE2D0EEF74D42:1024\n" // correct horse battery staple
	source, err := breach.NewFile(strings.NewReader(corpus), int64(len(corpus)), breach.SHA1)
	if err != nil {
		log.Fatal(err)
	}
	policy, err := pwpolicy.New(
		pwpolicy.Length{},
		breach.Rule{Source: source, Observer: passwd.SlogObserver(nil)},
	)
	if err != nil {
		log.Fatal(err)
	}
	for _, password := range []string{"password", "correct horse battery staple", "incorrect horse battery staple"} {
		candidate := pwpolicy.NewCandidate(password, pwpolicy.Subject{})
		violations, err := policy.Check(context.Background(), candidate, pwpolicy.PhaseBreach)
		fmt.Println(violations, err)
	}
	// Output:
	// [{too_short map[min:15]}] <nil>
	// [{breached map[]}] <nil>
	// [] <nil>
}

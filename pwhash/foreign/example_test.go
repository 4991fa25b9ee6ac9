package foreign_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
)

func Example() {
	ctx := context.Background()
	h := foreign.Hasher{Accept: []foreign.Format{foreign.DjangoPBKDF2}}

	const django = "pbkdf2_sha256$20000$6mx97pzuGZHC$nVqTepJ6N5RVMcxy22JdCO6r/t1LY3q0+EejcEsYlmM="
	v, err := h.Verify(ctx, django, "correct horse battery staple")
	fmt.Println(v.Match, v.Stale, err) // stale: the service hashes it anew

	const wordPress = "$P$BaebFQa.H9SqWBRDWCWt6u6sA5qtgi1"
	_, err = h.Verify(ctx, wordPress, "correct horse battery staple")
	fmt.Println(errors.Is(err, pwhash.ErrFormat)) // not accepted
	// Output:
	// true true <nil>
	// true
}

func ExampleDetect() {
	for _, stored := range []pwhash.Hash{
		"$wp$2y$05$8aLLVil5SdM0MAx1RFDh8u/lTeBReHcMamt.2MFs8M.dvFkBv.ArW",
		"AQAAAAEAACcQAAAAEBjdVNjaj7wfumoLOsMtQNCu4zdv03on5mc6t1FefPMR28R1jvNZLpgQzfy6h4Bgjg==",
		"9cc2ae8a1ba7a93da39b46fc1019c481",
		"!SSZUptS/1TzBi1B8UhV8JuLqnnl5Sxkj4VjCC0Tt",
	} {
		fmt.Println(foreign.Detect(stored))
	}
	// Output:
	// [wordpress]
	// [aspnet_identity]
	// [insecure_md5 insecure_ntlm prestashop]
	// []
}

func ExampleWrapper() {
	ctx := context.Background()
	base := pwhash.Argon2id{}

	// Offline: the format by its name, and a row whose password is known.
	const known = "md5$RsDgxxfS2dSh1Hc882jtVl$2bafb26fe4b60f1c388f58a9c446f3a6"
	wrapper, err := foreign.NewWrapper(ctx, foreign.Hasher{Base: base}, foreign.DjangoDigest,
		foreign.Probe{Stored: known, Password: "correct horse battery staple"})
	if err != nil {
		fmt.Println(err)
		return
	}
	wrapped, err := wrapper.Wrap(ctx, known) // and so on, for every row
	if err != nil {
		fmt.Println(err)
		return
	}

	// And at sign-in:
	h := foreign.Hasher{Base: base, Accept: []foreign.Format{foreign.Wrapped}}
	v, err := h.Verify(ctx, wrapped, "correct horse battery staple")
	fmt.Println(v.Match, v.Stale, err)
	// Output:
	// true true <nil>
}

package passwdhttp_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/passwdhttp"
)

func TestRedactURL(t *testing.T) {
	for in, want := range map[string]string{
		// Nothing to hide: as it was sent.
		"/":                                     "/",
		"/account/password/change":              "/account/password/change",
		"/account/password/reset/new":           "/account/password/reset/new",
		"/account/password/done?after=reset":    "/account/password/done?after=reset",
		"/orders?page=2&sort=a%2Fb&sort=c":      "/orders?page=2&sort=a%2Fb&sort=c",
		"/orders?q=%D9%85%D9%81":                "/orders?q=%D9%85%D9%81",
		"/a%2Fb?x":                              "/a%2Fb?x",
		"/sign-in?next=%2Forders%3Fpage%3D2":    "/sign-in?next=%2Forders%3Fpage%3D2",
		"https://app.example.com/a?b=c":         "https://app.example.com/a?b=c",
		"/account/password/cancel?taken":        "/account/password/cancel?taken",
		"/account/password/api/v1/reset/check":  "/account/password/api/v1/reset/check",
		"/account/password/reset/link?":         "/account/password/reset/link",
		"/account/password/forced?next=%2F&x=1": "/account/password/forced?next=%2F&x=1",

		// Parameters by the name of a secret, anywhere.
		"/account/password/reset?token=s3cret":                 "/account/password/reset?token=redacted",
		"/account/password/reset?token=s3cret&user=s3cret":     "/account/password/reset?token=redacted&user=redacted",
		"/account/password/cancel?token=s3cret":                "/account/password/cancel?token=redacted",
		"/pw/reset?TOKEN=s3cret":                               "/pw/reset?TOKEN=redacted",
		"/elsewhere?t%6Fken=s3cret":                            "/elsewhere?t%6Fken=redacted",
		"/elsewhere?a=b&token=s3cret":                          "/elsewhere?a=b&token=redacted",
		"/elsewhere?token=s3cret=s3cret":                       "/elsewhere?token=redacted",
		"/account/password/change?new_password=s3cret":         "/account/password/change?new_password=redacted",
		"/account/password/forgot?login=s3cret%40example.com":  "/account/password/forgot?login=redacted",
		"/sign-in?next=%2Fpw%2Freset%3Ftoken%3Ds3cret":         "/sign-in?next=redacted",
		"/sign-in?next=%252Fpw%252Freset%253Ftoken%253Ds3cret": "/sign-in?next=redacted",

		// Below reset and cancel, what is not known.
		"/account/password/reset?s3cret":         "/account/password/reset?redacted",
		"/account/password/reset?tok=s3cret":     "/account/password/reset?redacted",
		"/account/password/reset?token%20s3cret": "/account/password/reset?redacted",
		"/account/password/reset/s3cret":         "/account/password/reset/redacted",
		"/account/password/reset/s3cret/new?x=y": "/account/password/reset/redacted/new?redacted",
		"/account/password/cancel/s3cret":        "/account/password/cancel/redacted",
		"/pw/%72eset?s3cret":                     "/pw/%72eset?redacted",

		// What does not parse, and what is not for servers.
		"/orders?a=1;token=s3cret":     "/orders?redacted",
		"/orders?to%ken=s3cret":        "/orders?redacted",
		"/orders#token=s3cret":         "/orders",
		"https://ada:s3cret@example/a": "https://example/a",
		"mailto:s3cret@example.com":    "mailto:redacted",
	} {
		u, err := url.Parse(in)
		if err != nil {
			t.Fatalf("%s: %v", in, err)
		}
		before := *u
		if got := passwdhttp.RedactURL(u); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
		if *u != before {
			t.Errorf("%s has been changed", in)
		}
	}
	equal(t, "nil", passwdhttp.RedactURL(nil), "")
}

// Whatever is around it, the token of a link does not get through.
func FuzzRedactURL(f *testing.F) {
	for _, seed := range [][3]string{
		{"/account/password", "", ""}, {"", "a=b", "&c=d"}, {"/x/", "a;b", ";c"}, {"/", "next=%2F", "#x"}, {"//evil", "?", "%"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	const token = "NHl3kSpAs2yA-BRVggKKhHDXBWeVXXxWOwSK8iQKHtw"
	f.Fuzz(func(t *testing.T, mount, before, after string) {
		for _, u := range []url.URL{
			{Path: mount, RawQuery: before + "&token=" + token + after},
			{Path: mount, RawQuery: before + "&next=%2Freset%3Ftoken%3D" + token + after},
			{Path: mount, RawQuery: before, Fragment: "token=" + token + after},
			{Path: mount + "/reset", RawQuery: before + "&token=" + token + after},
			{Path: mount + "/reset", RawQuery: before + "&" + token + after},
			{Path: mount + "/cancel", RawQuery: before + "&" + token + "=" + after},
			{Path: mount + "/reset/" + token, RawQuery: before},
		} {
			if got := passwdhttp.RedactURL(&u); strings.Contains(got, token) {
				t.Errorf("%q becomes %q", u.String(), got)
			}
		}
	})
}

// An access log of the host's own.
func ExampleRedactURL() {
	access := log.New(os.Stdout, "", 0)
	logged := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			access.Print(r.Method, " ", passwdhttp.RedactURL(r.URL))
		})
	}
	site := logged(http.NotFoundHandler()) // your mux
	for _, target := range []string{
		"/account/password/reset?token=NHl3kSpAs2yA-BRVggKKhHDXBWeVXXxWOwSK8iQKHtw",
		"/orders?page=2",
	} {
		site.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", target, nil))
	}
	// Output:
	// GET /account/password/reset?token=redacted
	// GET /orders?page=2
}

// A sign-in of the host's own, to which the pages lead with the parameter next.
func ExampleSafeNext() {
	for _, next := range []string{"/orders?page=2", "//evil.example", "/\\evil.example", "https://evil.example/"} {
		fmt.Printf("%q\n", passwdhttp.SafeNext(next))
	}
	// Output:
	// "/orders?page=2"
	// ""
	// ""
	// ""
}

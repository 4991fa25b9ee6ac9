package passwdhttp_test

import (
	"net/url"
	"testing"

	"github.com/passwd-go/passwd/passwdhttp"
)

// What mail programs and proxies make of a link is redacted as the link is.
func TestRedactMangledLinks(t *testing.T) {
	for in, want := range map[string]string{
		"/account/password/reset%2Fs3cret":             "/account/password/redacted",
		"/account/password/reset%2fs3cret?x=s3cret":    "/account/password/redacted?redacted",
		"/account/password%2Freset%2Fs3cret/new":       "/account/redacted/new",
		"/account/password/cancel%3Ftoken%3Ds3cret":    "/account/password/redacted",
		"/account/password/reset%3Ftoken=s3cret":       "/account/password/redacted",
		"/account/password/reset%23token=s3cret":       "/account/password/redacted",
		"/elsewhere?%20token=s3cret":                   "/elsewhere?%20token=redacted",
		"/elsewhere?+token=s3cret&token%20=s3cret":     "/elsewhere?+token=redacted&token%20=redacted",
		"/account/password/reset/new?next=%2Forders":   "/account/password/reset/new?next=%2Forders",
		"/orders/a%2Fb/preset%2Fx?c=reset%2Fd":         "/orders/a%2Fb/preset%2Fx?c=reset%2Fd",
		"/account/password/api/v1/reset/check?after=x": "/account/password/api/v1/reset/check?after=x",
	} {
		u, err := url.Parse(in)
		if err != nil {
			t.Fatalf("%s: %v", in, err)
		}
		if got := passwdhttp.RedactURL(u); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

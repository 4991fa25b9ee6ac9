package endpoint_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/passwdtest"
)

// The event of a refused request names the origin, which a host may have forgotten to
// trust, and repeats nothing else that somebody has sent.
func TestCrossOriginIsNamed(t *testing.T) {
	for origin, want := range map[string]string{
		"https://spa.example.com:8443":    `from origin https://spa.example.com:8443, to host "api.example.com"`,
		"null":                            "the browser does not tell",
		"":                                "the browser does not tell",
		"https://x.example/?token=s3cret": "what is no origin",
		"https://s3cret@x.example":        "what is no origin",
		"javascript:s3cret":               "what is no origin",
		"https://" + strings.Repeat("s3cret", 60): "what is no origin",
		"https://x.example\ns3cret":               "what is no origin",
	} {
		kit := passwdtest.New(t, passwd.Config{})
		f := &endpoint.Face{Service: kit.Service, Fail: func(w http.ResponseWriter, _ *http.Request, _ passwd.Code, _ error) { w.WriteHeader(403) }}
		r := httptest.NewRequest("POST", "https://api.example.com/x", nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		f.Serve(httptest.NewRecorder(), r, endpoint.Methods{"POST": http.NotFoundHandler()})
		events := kit.Events.Named(passwd.EventCrossOriginRejected)
		if len(events) != 1 || events[0].Err == nil || !strings.Contains(events[0].Err.Error(), want) || strings.Contains(events[0].Err.Error(), "s3cret") {
			t.Errorf("%q: %v", origin, events)
		}
	}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"

	"github.com/passwd-go/passwd"
)

// fail answers with the problem that an error of the service is.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	code := passwd.CodeOf(err)
	p := problem{Status: http.StatusInternalServerError, Code: string(code)}
	switch code {
	case passwd.CodeInvalidRequest:
		p.Status = http.StatusBadRequest
	case passwd.CodeWrongCredentials, passwd.CodeUnauthenticated:
		p.Status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", "Bearer") // RFC 9110, §15.5.2
	case passwd.CodeConflict, passwd.CodeHasPassword, passwd.CodeNoPassword, passwd.CodeUndeliverable:
		p.Status = http.StatusConflict
	case passwd.CodeRateLimited:
		p.Status = http.StatusTooManyRequests
		retryAfter(w, err)
	case passwd.CodeBusy:
		p.Status = http.StatusServiceUnavailable
		retryAfter(w, err)
	case passwd.CodeUnavailable:
		p.Status = http.StatusServiceUnavailable
		retryAfter(w, err)
		if !errors.Is(err, context.Canceled) { // else the client has gone
			s.log.Printf("%s: %v", r.Pattern, err)
		}
	default:
		s.log.Printf("%s: %v", r.Pattern, err)
	}
	p.write(w)
}

// retryAfter says in whole seconds when to try again.
func retryAfter(w http.ResponseWriter, err error) {
	seconds := 1
	if limited, ok := errors.AsType[*passwd.RateLimitError](err); ok {
		seconds = max(1, int(math.Ceil(limited.Wait.Seconds())))
	}
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
}

// problem is a failure in the format of RFC 9457, like those of the library.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
	Ticket string `json:"ticket,omitempty"`
}

// details are the sentences for people; programs go by the code.
var details = map[string]string{
	"malformed_request":        "The request is not of the documented form.",
	"unsupported_media_type":   "The request must be application/json.",
	"too_large":                "The request is too large.",
	"wrong_credentials":        "Login or password is wrong.",
	"unauthenticated":          "Sign in first.",
	"password_change_required": "The password must be changed first. The ticket is good for that.",
	"conflict":                 "The account was changed by somebody else. Try again.",
	"has_password":             "The account has a password.",
	"no_password":              "The account has no password of its own.",
	"undeliverable":            "The account has no confirmed address.",
	"rate_limited":             "There were too many tries. Wait a little.",
	"busy":                     "The server is busy. Try again in a second.",
	"unavailable":              "The server cannot answer now. Try again in a second.",
	"internal":                 "Something is wrong with the server.",
}

func (p problem) write(w http.ResponseWriter) {
	p.Detail = details[p.Code]
	p.Type, p.Title = "urn:passwd:problem:"+p.Code, http.StatusText(p.Status)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	encode(w, p)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encode(w, v)
}

func encode(w io.Writer, v any) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // links in messages stay as they are
	e.Encode(v)            // its error is that the client has gone
}

// decode reads a body that is one JSON object of known members.
func decode(r *http.Request, into any) *problem {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return &problem{Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type"}
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			return nil
		}
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large"}
	}
	return &problem{Status: http.StatusBadRequest, Code: "malformed_request"}
}

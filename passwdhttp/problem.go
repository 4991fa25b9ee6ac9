package passwdhttp

import (
	"errors"
	"net/http"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/internal/jsonstrict"
	"github.com/passwd-go/passwd/locale"
)

// problem is the body of every error (RFC 9457). Its code is API, its texts are
// not.
type problem struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail"`
	Code   passwd.Code    `json:"code"`
	Errors []problemError `json:"errors,omitempty"`
	Ticket string         `json:"ticket,omitempty"` // of a sign-in, for change-required
}

// problemError is one of several things that are wrong with a request.
type problemError struct {
	Pointer string         `json:"pointer"` // RFC 6901, of the field in the request
	Code    string         `json:"code"`
	Detail  string         `json:"detail"`
	Params  map[string]any `json:"params"` // never null
}

// problemType is a name, not an address: no host has to exist for it.
const problemType = "urn:passwd:problem:"

// newPassword is the one field that a policy judges, in every endpoint that writes.
const newPassword = "#/new_password"

// statuses is the table of errors. Each code has a row.
var statuses = map[passwd.Code]int{
	passwd.CodeWrongCredentials:       http.StatusUnauthorized,
	passwd.CodeUnauthenticated:        http.StatusUnauthorized,
	passwd.CodeWrongPassword:          http.StatusForbidden, // 401 would make clients drop the session
	passwd.CodePasswordChangeRequired: http.StatusForbidden,
	passwd.CodeSecondFactorRequired:   http.StatusForbidden,
	passwd.CodeNoChangeNeeded:         http.StatusConflict,
	passwd.CodeConflict:               http.StatusConflict,
	passwd.CodeLoginTaken:             http.StatusConflict,
	passwd.CodeHasPassword:            http.StatusConflict,
	passwd.CodeNoPassword:             http.StatusConflict,
	passwd.CodeUndeliverable:          http.StatusConflict,
	passwd.CodePasswordRejected:       http.StatusUnprocessableEntity,
	passwd.CodeInvalidToken:           http.StatusUnprocessableEntity,
	passwd.CodeInvalidRequest:         http.StatusBadRequest,
	passwd.CodeRateLimited:            http.StatusTooManyRequests,
	passwd.CodeBusy:                   http.StatusServiceUnavailable,
	passwd.CodeUnavailable:            http.StatusServiceUnavailable,
	passwd.CodeInternal:               http.StatusInternalServerError,
	endpoint.CodeCrossOrigin:          http.StatusForbidden,
	endpoint.CodeNotFound:             http.StatusNotFound,
	endpoint.CodeMethodNotAllowed:     http.StatusMethodNotAllowed,
	endpoint.CodeTooLarge:             http.StatusRequestEntityTooLarge,
	endpoint.CodeUnsupportedMediaType: http.StatusUnsupportedMediaType,
}

// problemOf makes the problem that an error is, and sets the headers that it needs. Of the error itself it reveals
// only the code, the violations of the policy, and which fields are wrong. The pointer
// is to the new password.
func problemOf(w http.ResponseWriter, words locale.Printer, challenge, pointer string, code passwd.Code, err error) problem {
	status, known := statuses[code]
	if !known {
		code, status = passwd.CodeInternal, http.StatusInternalServerError
	}
	title, detail := words.Problem(code)
	p := problem{Type: problemType + string(code), Title: title, Status: status, Detail: detail, Code: code}
	if rejected, ok := errors.AsType[*passwd.PolicyError](err); ok {
		for _, v := range rejected.Violations {
			p.Errors = append(p.Errors, problemError{pointer, string(v.Code), words.Violation(v), params(v.Params)})
		}
	}
	if faults, ok := errors.AsType[jsonstrict.FieldErrors](err); ok {
		for _, f := range faults {
			p.Errors = append(p.Errors, problemError{fieldPointer(f.Field), string(f.Fault), words.Field(string(f.Fault)), params(nil)})
		}
	}
	if must, ok := errors.AsType[*ticketError](err); ok {
		p.Ticket = string(must.ticket)
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", challenge)
	}
	return p
}

// fieldPointer is to a field of the request, or to all of it where the name is not to be
// repeated.
func fieldPointer(name string) string {
	if name == "" {
		return "#"
	}
	return "#/" + name
}

// params makes an object of parameters, also where there are none.
func params(p map[string]any) map[string]any {
	if p == nil {
		return map[string]any{}
	}
	return p
}

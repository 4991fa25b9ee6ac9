package endpoint

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/passwd-go/passwd"
)

// Body is the body of a request, of one of the face's media types and at most
// MaxBody long. The query of the URL is not part of it.
type Body struct {
	MediaType string            // in lower case, without parameters
	Params    map[string]string // of the media type
	Data      []byte
}

const formType = "application/x-www-form-urlencoded"

// Post makes the handler of an endpoint that takes a body. An error of decode is
// passwd.ErrInvalidRequest, whatever else it is. Call may set headers, but
// leaves the reply to encode.
func Post[In, Out any](f *Face,
	decode func(Body) (In, error),
	call func(w http.ResponseWriter, r *http.Request, in In) (Out, error),
	encode func(w http.ResponseWriter, r *http.Request, out Out),
) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := f.read(w, r)
		if err != nil {
			f.Refuse(w, r, err)
			return
		}
		in, err := decode(body)
		if err != nil {
			f.Refuse(w, r, fmt.Errorf("%w: %w", passwd.ErrInvalidRequest, err))
			return
		}
		out, err := call(w, r, in)
		if err != nil {
			f.Refuse(w, r, err)
			return
		}
		encode(w, r, out)
	})
}

// Get makes the handler of an endpoint that takes no body. HEAD comes here as
// well: call changes nothing.
func Get[Out any](f *Face,
	call func(w http.ResponseWriter, r *http.Request) (Out, error),
	encode func(w http.ResponseWriter, r *http.Request, out Out),
) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out, err := call(w, r)
		if err != nil {
			f.Refuse(w, r, err)
			return
		}
		encode(w, r, out)
	})
}

// read returns the body, once its type has been found to be one of the face's:
// a form of another site can send valid JSON, but only as text/plain (ASVS
// 3.5.2).
func (f *Face) read(w http.ResponseWriter, r *http.Request) (Body, error) {
	mediaType, params, ok := f.mediaType(r)
	if !ok {
		w.Header().Set("Accept", strings.Join(f.Accept, ", "))
		return Body{}, ErrUnsupportedMediaType
	}
	if mediaType == formType && r.PostForm != nil { // read by the host's middleware, for a CSRF token of its own
		data := []byte(r.PostForm.Encode())
		if len(data) > MaxBody {
			return Body{}, ErrTooLarge
		}
		return Body{MediaType: mediaType, Params: params, Data: data}, nil
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return Body{}, ErrTooLarge
		}
		return Body{}, fmt.Errorf("%w: body broke off", passwd.ErrInvalidRequest)
	}
	return Body{MediaType: mediaType, Params: params, Data: data}, nil
}

func (f *Face) mediaType(r *http.Request) (string, map[string]string, bool) {
	declared := r.Header.Values("Content-Type")
	if len(declared) != 1 {
		return "", nil, false
	}
	mediaType, params, err := mime.ParseMediaType(declared[0])
	if err != nil || !slices.Contains(f.Accept, mediaType) {
		return "", nil, false
	}
	charset, given := params["charset"]
	return mediaType, params, !given || strings.EqualFold(charset, "utf-8")
}

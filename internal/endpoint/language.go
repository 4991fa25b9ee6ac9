package endpoint

import (
	"net/http"
	"strings"

	"github.com/passwd-go/passwd/locale"
)

// language is the language that a request asks for, for messages to an account that has
// none of its own; "" if it asks for none. Of several it is the first that package locale
// has. If it has none of them, it is the first: the host's notifier may have it.
func language(r *http.Request) string {
	header := strings.Join(r.Header.Values("Accept-Language"), ",")
	if header == "" {
		return ""
	}
	if best := locale.Match(header).Language(); best != locale.Match().Language() {
		return best
	}
	first := ""
	for element := range strings.SplitSeq(header, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(element), ";")
		tag = strings.TrimSpace(tag)
		if base, _, _ := strings.Cut(tag, "-"); strings.EqualFold(base, "en") || tag == "*" {
			return locale.Match().Language()
		}
		if first == "" {
			first = tag
		}
	}
	return first
}

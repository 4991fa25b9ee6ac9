package locale

import (
	"strings"

	"github.com/passwd-go/passwd/internal/useragent"
)

// Device puts a User-Agent header into words, "Firefox on Linux"; "" if it names no
// well-known browser or system. Nothing else of it is repeated: anyone can cause a
// message to be sent to an account, and put anything there.
func (p Printer) Device(userAgent string) string {
	browser, system := useragent.Names(userAgent)
	if browser == "" || system == "" {
		return browser + system
	}
	return strings.NewReplacer("{browser}", browser, "{system}", system).Replace(p.Label("browser_on_system"))
}

package chrome

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

func (b *Tab) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		// A form that comes back with what is wrong in it is one of ours.
		if strings.Contains(e.Entry.Text, "status of 422") {
			return
		}
		b.said = append(b.said, fmt.Sprintf("%s: %s (%s)", e.Entry.Level, e.Entry.Text, e.Entry.URL))
	case *audits.EventIssueAdded:
		b.said = append(b.said, fmt.Sprintf("issue %s", e.Issue.Code))
	case *runtime.EventConsoleAPICalled:
		b.said = append(b.said, fmt.Sprintf("console.%s", e.Type))
	case *runtime.EventExceptionThrown:
		b.said = append(b.said, fmt.Sprintf("exception: %s", e.ExceptionDetails.Text))
	case *page.EventJavascriptDialogOpening:
		b.said = append(b.said, fmt.Sprintf("dialog: %s", e.Message))
	case *network.EventRequestWillBeSent:
		b.urls = append(b.urls, e.Request.URL)
	case *network.EventResponseReceived:
		if e.Type == network.ResourceTypeDocument {
			b.status = int(e.Response.Status)
		}
	}
}

// Said returns what the browser has said.
func (b *Tab) Said() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.said)
}

// Unexpected returns what the browser has said, violations of the policy, warnings
// about forms and errors among it, but for what it may say.
func (b *Tab) Unexpected() []string {
	return slices.DeleteFunc(b.Said(), func(line string) bool {
		return slices.ContainsFunc(b.expect, func(part string) bool { return strings.Contains(line, part) })
	})
}

// Status returns the status of the document that is shown.
func (b *Tab) Status() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status
}

// Allow has the browser say whatever contains one of these.
func (b *Tab) Allow(parts ...string) { b.expect = append(b.expect, parts...) }

// Only checks that the browser has asked for something, and nobody but these
// origins.
func (b *Tab) Only(origins ...string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.urls) == 0 {
		b.t.Errorf("no request was seen")
	}
	for _, url := range b.urls {
		if strings.HasPrefix(url, "data:") {
			continue // the browser's own, on the page that asks whether to send a form again
		}
		if !slices.ContainsFunc(origins, func(origin string) bool { return strings.HasPrefix(url, origin+"/") }) {
			b.t.Errorf("request to %s", url)
		}
	}
}

// Silent checks that a text, a token, is in no URL that the browser has asked for
// but the one that begins with first, in none that it remembers, and not in the
// page.
func (b *Tab) Silent(token, first string) {
	b.t.Helper()
	b.mu.Lock()
	count := 0
	for _, url := range b.urls {
		if strings.Contains(url, token) && !strings.HasPrefix(url, first) {
			b.t.Errorf("the token is in a request to %s", strings.ReplaceAll(url, token, "…"))
		} else if strings.Contains(url, token) {
			count++
		}
	}
	b.mu.Unlock()
	if count > 1 {
		b.t.Errorf("%d requests with the token, of one click", count)
	}
	for _, entry := range b.History() {
		if strings.Contains(entry, token) {
			b.t.Errorf("the token is in the history")
		}
	}
	if strings.Contains(Eval[string](b, `document.documentElement.outerHTML + document.referrer`), token) {
		b.t.Errorf("the token is in the page")
	}
}

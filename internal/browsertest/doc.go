// Package browsertest drives the pages with headless Chromium. It is a module of
// its own, so that nobody who imports the library gets what drives browsers.
package browsertest

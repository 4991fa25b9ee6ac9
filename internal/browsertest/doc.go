// Package browsertest drives the pages with headless Chromium. It is a module of
// its own, so that nobody who imports the library gets what drives browsers.
//
//	stage   a host with pages and API, and another site beside it
//	chrome  the browser, and what it says
//	tour    every page in every state
//	cmd/screenshots
//	        the pictures of docs/pages.md
//
// Without Chromium, or npm for axe-core, the tests that need them are skipped; they
// fail if PASSWD_TEST_REQUIRE names chromium or axe.
package browsertest

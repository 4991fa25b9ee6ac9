// Package useragent names the browser and the system of a User-Agent header in the
// words that their owner knows them by. Nothing else of the header is ever
// repeated: whoever asks for a message to be sent can write anything there.
package useragent

import "strings"

// mark is what a user agent has in it, and the name that stands for.
type mark struct{ in, name string }

// browsers has those first whose user agents name others as well: nearly all claim
// to be Chrome or Safari.
var browsers = [...]mark{
	{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"Edge/", "Edge"},
	{"OPR/", "Opera"}, {"OPX/", "Opera"}, {"OPT/", "Opera"}, {"OPiOS/", "Opera"}, {"Opera", "Opera"},
	{"SamsungBrowser/", "Samsung Internet"}, {"Vivaldi/", "Vivaldi"}, {"YaBrowser/", "Yandex Browser"},
	{"DuckDuckGo/", "DuckDuckGo"}, {"Ddg/", "DuckDuckGo"}, {"UCBrowser/", "UC Browser"}, {"HuaweiBrowser/", "Huawei Browser"},
	{"MiuiBrowser/", "Mi Browser"}, {"Silk/", "Amazon Silk"}, {"Whale/", "Whale"}, {"GSA/", "Google"},
	{"Focus/", "Firefox"}, {"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"},
	{"CriOS/", "Chrome"}, {"Chromium/", "Chromium"}, {"HeadlessChrome/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	{"Trident/", "Internet Explorer"}, {"MSIE ", "Internet Explorer"},
	{"curl/", "curl"}, {"Wget/", "Wget"}, {"okhttp/", "okhttp"}, {"PostmanRuntime/", "Postman"},
}

var systems = [...]mark{
	{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"CrOS", "ChromeOS"},
	{"Macintosh", "macOS"}, {"FreeBSD", "FreeBSD"}, {"OpenBSD", "OpenBSD"}, {"Linux", "Linux"},
}

// Names returns the names of the browser and the system, each "" if it is not known.
// The method Device of a locale.Printer puts them into words.
func Names(userAgent string) (browser, system string) {
	return named(browsers[:], userAgent), named(systems[:], userAgent)
}

func named(marks []mark, userAgent string) string {
	for _, m := range marks {
		if strings.Contains(userAgent, m.in) {
			return m.name
		}
	}
	return ""
}

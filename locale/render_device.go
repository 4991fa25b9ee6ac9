package locale

import "strings"

// mark is what a user agent has in it, and the name that stands for.
type mark struct{ in, name string }

// browsers has those first whose user agents name others as well.
var browsers = [...]mark{
	{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
	{"Vivaldi/", "Vivaldi"}, {"YaBrowser/", "Yandex Browser"}, {"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"},
	{"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}, {"okhttp/", "okhttp"},
}

var systems = [...]mark{
	{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"CrOS", "ChromeOS"},
	{"Macintosh", "macOS"}, {"Linux", "Linux"},
}

// device names the browser and system of a user agent, as far as they are known.
// Nothing else of it is repeated: anybody can have a message sent to an account, and
// write anything there.
func device(userAgent string) string {
	browser, system := named(browsers[:], userAgent), named(systems[:], userAgent)
	if browser == "" || system == "" {
		return browser + system
	}
	return browser + " (" + system + ")"
}

func named(marks []mark, userAgent string) string {
	for _, m := range marks {
		if strings.Contains(userAgent, m.in) {
			return m.name
		}
	}
	return ""
}

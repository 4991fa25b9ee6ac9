package locale

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/passwd-go/passwd"
)

// words are those of the messages in one language: the file of that name in
// catalogues/messages.
type words struct {
	Date   string     `json:"date"`  // {day} {month} {year} {time} {zone}
	First  string     `json:"first"` // the first day of a month, if it is not "1"
	Months [12]string `json:"months"`
	// Durations are numbers of {n} minutes, hours or days, as they stand after "for".
	Durations struct {
		Minutes message `json:"minutes"`
		Hours   message `json:"hours"`
		Days    message `json:"days"`
	} `json:"durations"`
	Labels struct {
		Account string `json:"account"`
		Time    string `json:"time"`
		Address string `json:"address"`
		Device  string `json:"device"`
		Valid   string `json:"valid"` // for how long
		Help    string `json:"help"`
	} `json:"labels"`
	Kinds map[passwd.MessageKind]letter `json:"kinds"`
}

// letter has the texts of a kind of message, named as in View. Any may have {for},
// how long a link or code is valid; Preview has {code} as well, and SMS {name}, {code}
// and {at}. SMS keeps to the characters of GSM 03.38 in languages written in Latin
// letters: one other halves what a segment holds.
type letter struct {
	Title   string `json:"title"`
	Preview string `json:"preview"` // "" but for codes: Lead
	Lead    string `json:"lead"`
	Advice  string `json:"advice"`
	Action  string `json:"action"`
	Safety  string `json:"safety"`
	SMS     string `json:"sms"`
}

// written holds the words that have been used so far. They never change once they
// are there.
var written [len(languages)]struct {
	once sync.Once
	*words
}

func (p Printer) words() *words {
	l := &written[p.at]
	l.once.Do(func() {
		w, err := readWords(p.Language())
		if err != nil {
			panic(fmt.Sprintf("locale: messages %q: %v", p.Language(), err)) // unreachable: they are tested
		}
		l.words = w
	})
	return l.words
}

func readWords(lang string) (*words, error) {
	data, err := files.ReadFile("catalogues/messages/" + lang + ".json")
	if err != nil {
		return nil, err
	}
	w := new(words)
	return w, json.Unmarshal(data, w)
}

// date writes a time to the minute, as a mail has it.
func (w *words) date(t time.Time) string {
	day := strconv.Itoa(t.Day())
	if t.Day() == 1 && w.First != "" {
		day = w.First
	}
	return strings.NewReplacer(
		"{day}", day, "{month}", w.Months[t.Month()-1], "{year}", strconv.Itoa(t.Year()),
		"{time}", t.Format("15:04"), "{zone}", zone(t),
	).Replace(w.Date)
}

// duration says how long something is valid, in the largest unit that is exact, and
// never longer than it is.
func (w *words) duration(lang string, d time.Duration) string {
	unit, n := w.Durations.Minutes, max(int(d/time.Minute), 1)
	if n%60 == 0 || n > 120 {
		unit, n = w.Durations.Hours, n/60
		if n%24 == 0 && n > 24 {
			unit, n = w.Durations.Days, n/24
		}
	}
	return strings.Replace(unit.text(lang, n), "{n}", strconv.Itoa(n), 1)
}

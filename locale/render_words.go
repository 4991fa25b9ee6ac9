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
	Labels struct {
		Account string `json:"account"`
		Time    string `json:"time"`
		Address string `json:"address"`
		Device  string `json:"device"`
		Until   string `json:"until"`
		Help    string `json:"help"`
	} `json:"labels"`
	Kinds map[passwd.MessageKind]letter `json:"kinds"`
}

// letter has the texts of a kind of message, named as in View. SMS may have {name},
// {at}, {until} and {code}; it keeps to the characters of GSM 03.38 in languages
// that can do with them, as one other halves what a segment holds.
type letter struct {
	Title  string `json:"title"`
	Lead   string `json:"lead"`
	Advice string `json:"advice"`
	Action string `json:"action"`
	Safety string `json:"safety"`
	SMS    string `json:"sms"`
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

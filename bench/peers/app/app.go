// Package app is what the programs that are measured have in common: the paths and
// bodies that the driver speaks, which are those of the example server, and a mailbox
// in memory in place of a mail server.
package app

import (
	"encoding/json"
	"flag"
	"net/http"
	"sync"
)

// The password that every account begins with, and their addresses.
const Password = "analytical engine 1843"

// Flags are those of every program.
type Flags struct {
	Addr, DB string
	Users    int
	Cheap    bool
}

// Parse reads the command line.
func Parse() Flags {
	var f Flags
	flag.StringVar(&f.Addr, "addr", "127.0.0.1:0", "where to listen")
	flag.StringVar(&f.DB, "db", "", "`URL` of the database: sqlite:PATH or postgres://…; of PocketBase, a folder")
	flag.IntVar(&f.Users, "users", 100, "how many accounts to make")
	flag.BoolVar(&f.Cheap, "cheap", false, "hash at the least cost that the peers have in common")
	flag.Parse()
	return f
}

// Mail is a message as /dev/messages shows it.
type Mail struct {
	To    string `json:"to"`
	Kind  string `json:"kind,omitempty"`
	Token string `json:"token"`
}

// Mailbox keeps the messages that have a token until they are fetched. It is safe for
// concurrent use.
type Mailbox struct {
	mu  sync.Mutex
	all []Mail
}

// Put keeps a message.
func (b *Mailbox) Put(m Mail) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, m)
}

// Take returns what was kept, and forgets it.
func (b *Mailbox) Take() []Mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.all
	b.all = nil
	if all == nil {
		all = []Mail{}
	}
	return all
}

// ServeHTTP is /dev/messages.
func (b *Mailbox) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	Reply(w, http.StatusOK, b.Take())
}

// Input is a body, whichever of the fields it has.
type Input struct {
	Login    string `json:"login"`
	Password string `json:"password"`
	Current  string `json:"current_password"`
	New      string `json:"new_password"`
	Token    string `json:"token"`
}

// Read decodes a body, and answers 400 if it cannot.
func Read(w http.ResponseWriter, r *http.Request) (in Input, ok bool) {
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return in, false
	}
	return in, true
}

// Reply writes JSON.
func Reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

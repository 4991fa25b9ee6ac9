// Peers measures sign-in, forgotten passwords, resets, changes and session checks of
// apps with passwd and of others, over HTTP on loopback, in one run:
//
//	cd bench/peers && go run . -postgres 'postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable'
//
// It builds and starts every app, and has them take turns: each round, each app does
// each flow with each number of clients, in a new order. It prints the tables of
// docs/performance.md. -peer name=http://127.0.0.1:3000 adds any app that speaks the
// paths of package app and has the accounts user0@example.com, … with its password.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/passwd-go/passwd/bench/peers/app"
)

type settings struct {
	postgres string
	only     string
	hashing  string
	rounds   int
	requests int
	burst    int
	memory   int // MB
	peers    []string
}

func main() {
	var s settings
	flag.StringVar(&s.postgres, "postgres", "", "`URL` of a PostgreSQL server; without it, nothing runs on PostgreSQL")
	flag.StringVar(&s.only, "only", "", "measure only the apps whose names contain `text`")
	flag.StringVar(&s.hashing, "hashing", "both", "default, cheap or both: at what costs passwords are hashed")
	flag.IntVar(&s.rounds, "rounds", 7, "how often everything takes its turn")
	flag.IntVar(&s.requests, "requests", 32, "requests of one turn")
	flag.IntVar(&s.burst, "burst", 0, "in place of all that, sign in so `many` at once")
	flag.IntVar(&s.memory, "memory", 256, "what an app may have resident in a burst, in `MB`, before it is killed; GOMEMLIMIT is nine tenths of it")
	flag.Func("peer", "`name=URL` of another app, which may be given again", func(peer string) error {
		if name, url, ok := strings.Cut(peer, "="); !ok || name == "" || !strings.HasPrefix(url, "http://") {
			return errors.New("want name=http://…")
		}
		s.peers = append(s.peers, peer)
		return nil
	})
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := s.run(ctx); err != nil {
		stop()
		log.Fatal(err)
	}
}

func (s settings) run(ctx context.Context) error {
	if s.rounds < 1 || s.requests < 1 {
		return errors.New("-rounds and -requests are at least 1")
	}
	if s.burst < 0 || s.burst > 0 && s.memory < 1 {
		return errors.New("-burst is not negative, and -memory at least 1")
	}
	if !slices.Contains([]string{"default", "cheap", "both"}, s.hashing) {
		return errors.New("-hashing is default, cheap or both")
	}
	folder, err := os.MkdirTemp("", "peers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if s.burst > 0 {
		return s.bursts(ctx, folder, os.Stdout)
	}
	for _, cheap := range []bool{false, true} {
		if cheap && s.hashing == "default" || !cheap && s.hashing == "cheap" {
			continue
		}
		if err := s.group(ctx, folder, cheap); err != nil {
			return err
		}
	}
	return nil
}

// group measures all apps with their own hashing, or all with the cheapest.
func (s settings) group(ctx context.Context, folder string, cheap bool) error {
	peers, err := s.start(ctx, folder, cheap)
	defer func() {
		for _, p := range peers {
			p.stop()
		}
	}()
	if err != nil {
		return err
	}
	if len(peers) == 0 {
		return nil
	}
	for round := range s.rounds {
		order := slices.Clone(peers)
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, clients := range []int{1, 16} {
			for _, flow := range flows {
				for _, p := range order {
					if err := p.turn(ctx, flow, clients, s.requests); err != nil {
						return fmt.Errorf("%s: %s: %w", p.name, flow.name, err)
					}
				}
			}
		}
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, s.rounds)
	}
	title := "Hashing by each one's default"
	if cheap {
		title = "The cheapest hashing, alike for all (bcrypt with cost 4; Argon2id of 8 KiB)"
	}
	printTables(os.Stdout, title, peers)
	return nil
}

// accounts is how many an app needs, so that none is asked about twice in a turn and
// few have more than three live links.
func (s settings) accounts() int { return max(4*s.requests, 2*s.requests*s.rounds, s.burst) }

// flow is one thing that people do. prepare gets an app ready for so many requests,
// outside of what is measured; do is one of them.
type flow struct {
	name    string
	prepare func(ctx context.Context, p *peer, users []int) error
	do      func(ctx context.Context, p *peer, user int) error
	// linger is how long the app may go on with it after the last answer, which counts
	// as its CPU.
	linger time.Duration
	times  int // as many requests, for what takes next to no time; 0 is 1
}

const (
	wrong   = "difference engine 1822"
	another = "silver sewing machine 44"
)

var flows = []flow{
	{name: "sign-in", do: func(ctx context.Context, p *peer, user int) error {
		return p.signIn(ctx, user, app.Address(user), p.password(user), true)
	}},
	{name: "wrong password", do: func(ctx context.Context, p *peer, user int) error {
		return p.signIn(ctx, user, app.Address(user), wrong, false)
	}},
	{name: "unknown login", do: func(ctx context.Context, p *peer, user int) error {
		return p.signIn(ctx, user, "nobody-"+app.Address(user), wrong, false)
	}},
	{name: "session check", prepare: signedIn, times: 16, do: func(ctx context.Context, p *peer, user int) error {
		return p.check(ctx, user)
	}},
	{name: "change", prepare: signedIn, linger: 300 * time.Millisecond, do: func(ctx context.Context, p *peer, user int) error {
		return p.change(ctx, user)
	}},
	{name: "forgot, known", prepare: clearMail, linger: 300 * time.Millisecond, do: func(ctx context.Context, p *peer, user int) error {
		return p.forgot(ctx, app.Address(user))
	}},
	{name: "forgot, unknown", linger: 300 * time.Millisecond, do: func(ctx context.Context, p *peer, user int) error {
		return p.forgot(ctx, "nobody-"+app.Address(user))
	}},
	{name: "reset", prepare: linked, linger: 300 * time.Millisecond, do: func(ctx context.Context, p *peer, user int) error {
		return p.reset(ctx, user)
	}},
}

func signedIn(ctx context.Context, p *peer, users []int) error {
	for _, user := range users {
		if err := p.signIn(ctx, user, app.Address(user), p.password(user), true); err != nil {
			return err
		}
	}
	return nil
}

func clearMail(ctx context.Context, p *peer, _ []int) error {
	_, err := p.messages(ctx)
	return err
}

// linked has a link sent to each, and waits for its token.
func linked(ctx context.Context, p *peer, users []int) error {
	if err := clearMail(ctx, p, users); err != nil {
		return err
	}
	for _, user := range users {
		p.forget(user)
		if err := p.forgot(ctx, app.Address(user)); err != nil {
			return err
		}
	}
	for range 200 {
		missing, err := p.collect(ctx, users)
		if missing == 0 || err != nil {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errors.New("the messages with the links have not come")
}

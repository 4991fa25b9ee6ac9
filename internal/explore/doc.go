// Package explore looks for what goes wrong when flows of the service meet at one
// account, or meet trouble. It runs them one step at a time, a step being a call of
// the service to its store, queue, limiter, hasher, notifier or AfterWrite, and
// decides before each which flow takes its next.
//
// [Search] runs every order of the steps: depth first, each schedule from the start in
// a new [World]. Of orders that differ only in steps that commute one is enough; two
// steps commute if neither writes what the other touches, which each step in parts.go
// states. [Cell.Explore] holds the outcome of each schedule, which is what the flows
// have answered and what probes by SignIn, Live and the store find afterwards,
// against the outcomes of the serial orders: those in which another flow gets its turn
// between calls of the service, before a job is claimed, and after a rehash, a first
// epoch and an expiry, for these are complete by themselves. They are reduced alike,
// what an operation does between two marks being one step. What may differ from all
// of them is listed with its reason: refusals, countSlack. Invariants of the service (I2 to
// I5, I8, I10, I11) are checked beside it: see breaks.
//
// [Cell.Faults] makes every [Trouble] at every step of one flow. Whatever happens, the
// flow is done or broken off at a mark; it says so; and nothing that it says has been
// done is missing. [Cell.Apart] runs two flows at replicas whose clocks are apart.
//
// # To add a flow
//
// Write what it does into flows: a function that calls the service with the caller's
// context and hands each answer to said. What it needs beforehand (a link, a session)
// is a [Need]. It then meets every other flow in every state. A new method of a store
// is a step of its own in parts.go, with what it reads and writes. A new state is a line in
// states.
//
// # To replay a failure
//
// A failure begins with the command that replays it and prints its steps:
//
//	PASSWD_EXPLORE='fresh | require | revoke @ 0.1.0.1' go test -v -run TestReplayOne ./internal/explore
//
// Behind the @ is the schedule: 0 is a step of the first flow, 1x10 ten of the second.
// Or it is a fault, "error before at 3", or how far the clocks of the flows' replicas are
// ahead, "clocks 5m 0s". Which cells and schedules a run draws follows
// from a seed that it prints; PASSWD_EXPLORE_SEED sets it.
package explore

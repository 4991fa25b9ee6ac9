// Package passwd is the whole life of a password in a web application: check it,
// change it, reset it when it is forgotten, force a change at sign-in. It is for
// hosts that already have users, sessions and a database.
//
// # Which call for which need
//
//   - Somebody signs in: [Service.SignIn]; if the result says that they must change
//     their password, no session but [Service.Ticket] and [Service.ChangeWithTicket].
//   - Somebody signed in changes their password: [Service.Change]. Without a
//     session, by login and current password: [Service.ChangeByLogin].
//   - Somebody forgot it: [Service.RequestReset], then [Service.Reset] with the token
//     of the link; or [Service.RequestCode], [Service.RedeemCode] and Reset. The
//     messages are delivered by [Service.Run]; a test calls [Service.Work].
//   - Somebody answers a notice with "this was not me": [Service.CancelReset].
//   - The host checks a session or JWT of its own: [Service.Live], on each request.
//   - The host creates a user: [Service.NewHash]. It deletes one: [Service.Forget].
//     It changes an e-mail address or a second factor: [Service.Revoke].
//   - An administrator forces a change, suspends a leaked password, or hands one
//     out: [Service.RequireChange], [Service.MarkCompromised], [Service.IssueTemporary].
//
// Package passwdhttp has these as http.Handlers; memstore and sqlstore keep the
// data; storetest proves a host's own [Store]; passwdtest is for a host's tests.
//
// # What is assumed
//
// Attackers have lists of leaked passwords, many client addresses, any number of
// parallel requests, and may read a copy of the database: without the keys of
// [Keys], which must be kept elsewhere, it yields no token and no code, and
// hashes at the price of guessing. They may know the current password of an
// account: its owner can then take it back by mail or SMS. They do not control
// the host's process, its configuration, the confirmed addresses, or the clock.
//
// # Compatibility
//
// Until version 1 anything may change, with a line in CHANGELOG.md. From then on
// exported names, codes, events, the database schema (by migration) and the form
// of tokens and hashes stay readable within a major version. A stricter default
// of the policy is not a breaking change.
package passwd

// Package passwd is the whole life of a password in a web application: check it,
// change it, reset it when it is forgotten, force a change at sign-in. It is for
// hosts that already have users, sessions and a database.
//
// # Which call for which need
//
//   - Somebody signs in: [Service.SignIn]; if the result says that they must change
//     their password, they get no session: use [Service.Ticket] and
//     [Service.ChangeWithTicket]. Where Config.Admit asked for a second factor, the host
//     checks it and then calls [Service.Admitted].
//   - Somebody signed in changes their password: [Service.Change]. Without a
//     session, by login and current password: [Service.ChangeByLogin].
//   - Somebody forgot it: [Service.RequestReset], then [Service.Reset] with the token
//     of the link; or [Service.RequestCode], [Service.RedeemCode] and Reset. The
//     messages are delivered by [Service.Run]; a test calls [Service.Work].
//   - Somebody answers a notice with "this was not me": [Service.CancelReset].
//   - A form shows what the policy requires and checks what is typed:
//     [Service.Requirements] and [Service.Check].
//   - The host checks a session or JWT of its own: [Service.Live], on each request.
//   - The host creates a user: [Service.SetFirst], after its insert, or in the same
//     transaction. It deletes one: [Service.Forget].
//     It changes an e-mail address or a second factor: [Service.Revoke]. It does so in
//     a transaction of its own: [Service.With].
//   - An administrator forces a change, withdraws that, suspends a leaked password, or
//     issues a temporary one: [Service.RequireChange], [Service.LiftChange],
//     [Service.MarkCompromised], [Service.IssueTemporary]. They have the owner set a
//     first password, or a new one, by a link: [Service.Invite], which is answered by
//     [Service.AcceptInvitation], and [Service.SendReset].
//   - A request is for one of several tenants: [Service.InTenant].
//
// # Which package for which need
//
//   - Package passwdhttp has these calls as http.Handlers: HTML pages and a JSON API.
//     For the handlers of the host, Fail answers with an error of this package, ClientOf
//     makes the [Client] of a request, SafeNext judges where a sign-in may lead, and
//     RedactURL makes a URL fit for an access log. Package wire serves the published
//     formats of other products.
//   - Packages memstore and sqlstore keep the data; storetest tests a host's own
//     [Store]. With several replicas, sqlstore is the [Limiter] that they share, or
//     redislimit, a module of its own.
//   - Package locale has the words: locale.Render makes a mail or an SMS of a
//     [Message]. smtpmail, a module of its own, is a [Notifier] that sends them.
//   - Package session is for hosts without sessions, session/jwt for those whose clients
//     want JWTs: both end with the password.
//   - Package pwhash makes and verifies hashes, and pwpolicy judges new passwords: both
//     can be used alone. Packages pwpolicy/strength and pwpolicy/breach have further
//     rules; pwhash/foreign is a pwhash.Hasher for tables that come from another stack.
//   - Package passwdtest is for a host's tests.
//
// # What is assumed
//
// Attackers have lists of leaked passwords, many client addresses, any number of
// parallel requests, and may read a copy of the database: without the [Keys], which must
// be kept elsewhere, it yields no token and no code, and its hashes must still be
// guessed. They may know the current password of an account: its owner can then take it
// back by mail or SMS. They do not control the host's process, its configuration, the
// confirmed addresses, or the clock.
//
// # Compatibility
//
// Until version 1 anything may change, with a line in CHANGELOG.md. From then on
// exported names, codes, events, the database schema (by migration) and the form
// of tokens and hashes stay readable within a major version. A stricter default
// of the policy is not a breaking change.
package passwd

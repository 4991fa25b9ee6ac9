
// The forms, by the route that shows them: a title, fields with what autofill is told of
// each, what is done with them, and where it leads.
let ticket = "", request = "", email = "";
const forms = {
  "/signin": ["Sign in", { email: "username", password: "current-password" }, async (f) => {
    try {
      email = f.email;
      await app.signIn(f.email, f.password);
    } catch (problem) {
      if (problem.code !== "password_change_required") throw problem;
      ticket = problem.ticket;
      return "/forced";
    }
  }],
  "/signup": ["Sign up", { email: "username", name: "name", password: "new-password" }, async (f) => keep(await ask(HOST + "/sign-up", f))],
  "/change": ["Change the password", { current: "current-password", password: "new-password" }, (f) => app.change(f.current, f.password)],
  "/forced": ["A new password is needed", { password: "new-password" }, (f) => ask(API + "change-required", { ticket, new_password: f.password }), "/signin"],
  "/forgot": ["Forgot the password", { email: "username" }, (f) => app.forgot(f.email), "/sent"],
  "/forgot-code": ["Send a code", { email: "username" }, async (f) => { request = await app.forgotCode(f.email); }, "/code"],
  "/code": ["Type the code", { code: "one-time-code", password: "new-password" }, async (f) => app.reset(await app.redeem(request, f.code), f.password), "/signin"],
  "/reset": ["A new password", { password: "new-password" }, (f) => app.reset(f.token, f.password), "/signin"],
  "/welcome": ["Your first password", { password: "new-password" }, (f) => ask(API + "invitation", { token: f.token, new_password: f.password }), "/signin"],
  "/cancel": ["This was not me", {}, (f) => app.cancel(f.token), "/forgot"],
  "/confirm": ["Confirm this address", {}, (f) => ask(HOST + "/email/confirm", { token: f.token }), "/"],
  "/email": ["Another address", { email: "username", password: "current-password" }, (f) => ask(HOST + "/email", f), "/sent"],
  "/invite": ["Invite", { email: "off", name: "off" }, (f) => ask(HOST + "/invite", f)],
  "/delete": ["Delete the account", { password: "current-password" }, (f) => ask(HOST + "/delete", f), "/signin"],
  "/devices": ["Sign out the other devices", {}, () => ask(API + "devices/end-others", {})],
};

const main = document.querySelector("main");
const element = (name, properties, ...inside) => {
  const e = Object.assign(document.createElement(name), properties);
  e.append(...inside);
  return e;
};
const links = (...paths) => paths.flatMap((path) => [element("a", { href: "#" + path }, forms[path][0]), " "]);

// show shows the form of a route, or who is signed in.
async function show() {
  const { path, token } = route();
  if (path === "/sent") return main.replaceChildren(element("h1", {}, "Look at your mail"));
  const [title, fields, send, next = "/"] = forms[path] ?? [];
  if (!title) {
    try {
      const me = await ask(HOST + "/me");
      email = me.email;
      main.replaceChildren(element("h1", {}, "Hello, " + me.email), ...links("/change", "/email", "/devices", "/invite", "/delete"));
    } catch {
      location.replace("#/signin");
    }
    return;
  }
  const inputs = Object.entries(fields).map(([name, autocomplete]) => element("label", {}, name + " ",
    element("input", { id: name, name, autocomplete, type: { current: "password", password: "password", email: "email" }[name] ?? "text", required: true })));
  if (!fields.email) { // managers file the password under it
    inputs.unshift(element("input", { id: "username", value: email, autocomplete: "username", hidden: true }));
  }
  const wrong = element("p", { role: "alert" });
  const form = element("form", {}, ...inputs, element("button", {}, title), wrong);
  form.onsubmit = async (event) => {
    event.preventDefault();
    try {
      const to = await send({ ...Object.fromEntries(new FormData(form)), token });
      location.hash = typeof to === "string" ? to : next;
    } catch (problem) { // in words of the language of the browser
      wrong.textContent = [problem.detail, ...(problem.errors ?? []).map((e) => e.detail)].join(" ");
    }
  };
  main.replaceChildren(element("h1", {}, title), form, ...(path === "/signin" ? links("/forgot", "/forgot-code", "/signup") : []));
}
addEventListener("hashchange", show); // which replaceState does not cause
show();

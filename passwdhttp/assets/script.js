"use strict";

// A token behind the "#" of a link: on to the page that keeps it, and out of sight.
const landing = document.querySelector("[data-fragment]");
if (landing) {
  const land = () => {
    const token = new URLSearchParams(location.hash.slice(1)).get("token");
    if (!token) return location.replace(landing.dataset.without);
    history.replaceState(null, "", location.pathname);
    const form = document.createElement("form");
    const field = document.createElement("input");
    Object.assign(form, { method: "post", action: landing.dataset.fragment, hidden: true });
    Object.assign(field, { type: "hidden", name: "token", value: token });
    form.append(field, ...landing.querySelectorAll("input"));
    document.body.append(form);
    form.submit();
  };
  addEventListener("pageshow", (event) => event.persisted && land());
  addEventListener("hashchange", land);
  land();
}

// Buttons that show a password.
const passwords = [];
for (const button of document.querySelectorAll("button[data-show]")) {
  const input = document.getElementById(button.getAttribute("aria-controls"));
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    input.dir = shown ? "auto" : ""; // in the order in which it was typed
    button.textContent = shown ? button.dataset.hideText : button.dataset.showText;
    button.ariaLabel = shown ? button.dataset.hide : button.dataset.show;
  };
  passwords.push(show);
  button.addEventListener("click", () => show(input.type === "password"));
  button.hidden = false;
}

// A form is sent once, however long the network takes: until another page is there,
// the button says so. And no manager takes a shown password for a name.
for (const form of document.forms) {
  const button = form.querySelector("[data-busy]");
  let sent = false, idle;
  form.addEventListener("submit", (event) => {
    if (sent) return event.preventDefault();
    sent = true;
    for (const show of passwords) show(false);
    if (!button) return;
    idle = button.textContent;
    button.textContent = button.dataset.busy;
    button.setAttribute("aria-disabled", "true");
    announce(button.dataset.busy);
  });
  addEventListener("pageshow", (event) => { // back, to a page that the browser has kept
    if (!event.persisted || !sent) return;
    sent = false;
    if (!button) return;
    button.textContent = idle;
    button.removeAttribute("aria-disabled");
    announce("");
  });
}

// What is said to who does not see the page.
function announce(text) {
  let box = document.querySelector(".announced");
  if (!box) {
    box = document.createElement("p");
    box.className = "announced visually-hidden";
    box.setAttribute("role", "status");
    document.querySelector("main").append(box);
  }
  box.textContent = text;
}

// What was wrong with a field is gone as soon as somebody types there.
const summary = document.querySelector(".summary");
for (const input of document.querySelectorAll("[aria-invalid]")) {
  input.addEventListener("focus", () => input.select(), { once: true }); // to be typed over
  input.addEventListener("input", async () => {
    await still;
    input.removeAttribute("aria-invalid");
    input.closest(".wrong")?.classList.remove("wrong");
    for (const part of ["-error", "-notes"]) document.getElementById(input.id + part)?.remove();
    const left = input.getAttribute("aria-describedby")?.split(" ").filter((id) => document.getElementById(id)).join(" ");
    if (left) input.setAttribute("aria-describedby", left);
    else input.removeAttribute("aria-describedby");
    for (const link of summary?.querySelectorAll("a") ?? []) {
      if (link.hash === "#" + input.id) link.closest("li").remove();
    }
    if (summary && !summary.querySelector("li")) {
      summary.remove();
      document.title = document.title.replace(/^.*?: /, ""); // "Error: ", in whichever language
    }
  }, { once: true });
}

// Times, where the reader is.
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  time.title = time.textContent;
  time.dir = "auto";
  time.textContent = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }).format(at);
}

// Nothing moves from under a pointer that is down: it would not click.
let still = Promise.resolve(), up = () => {};
addEventListener("pointerdown", () => { still = new Promise((lifted) => { up = lifted; }); });
for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => setTimeout(up));

// What the policy says while a new password is typed.
for (const box of document.querySelectorAll("[data-check]")) {
  const { check, cookie, strength, levels, met, unmet, weak } = box.dataset;
  const input = document.getElementById(box.dataset.for);
  let timer, asked = "", running = new AbortController();

  const rules = [...document.querySelectorAll("#" + box.dataset.for + "-hint [data-rule]")];
  for (const rule of rules) rule.dataset.text = rule.lastChild.textContent;
  const named = (key) => rules.filter((rule) => rule.dataset.rule === key || rule.dataset.rule.split(".")[0] === key);
  const broken = ({ code, params }) => {
    const exact = named([code, params.class ?? params.unit ?? params.attribute].filter(Boolean).join("."));
    return exact.length > 0 ? exact : named(code);
  };

  // A requirement is met or not, or nothing is known about it.
  const mark = (rule, state) => {
    rule.className = state;
    rule.replaceChildren(rule.dataset.text);
    if (!state) return;
    const sign = document.createElement("span"), word = document.createElement("span");
    sign.className = "mark";
    sign.ariaHidden = "true";
    sign.textContent = state === "met" ? "\u2713" : "\u2717";
    word.className = "visually-hidden";
    word.textContent = (state === "met" ? met : unmet) + " ";
    rule.prepend(sign, word);
  };

  const say = (parts, text, name = "") => {
    const p = document.createElement("p");
    p.textContent = text;
    p.className = name;
    parts.push(p);
  };

  const tell = (report) => {
    const parts = [], others = [], unmetRules = new Set();
    for (const violation of report.violations) {
      const found = broken(violation);
      for (const rule of found) unmetRules.add(rule);
      if (found.length > 0) say(parts, violation.detail, "visually-hidden"); // it has a sign to be seen
      else others.push(violation.detail);
    }
    for (const rule of rules) {
      mark(rule, unmetRules.has(rule) ? "unmet" : report.known && "judged" in rule.dataset ? "met" : "");
    }
    if (report.score !== undefined) {
      const meter = document.createElement("meter");
      Object.assign(meter, { min: 0, max: 4, low: 2, high: 3, optimum: 4, value: report.score, ariaLabel: strength });
      parts.push(meter);
      say(parts, strength + ": " + levels.split("|")[report.score]);
      if (report.ok && report.score < 2) say(parts, weak);
    }
    for (const { detail } of [...report.notes ?? [], ...report.advice ?? []]) say(parts, detail);
    if (others.length > 0) {
      const list = document.createElement("ul");
      for (const text of others) {
        const item = document.createElement("li");
        item.textContent = text;
        list.append(item);
      }
      parts.push(list);
    }
    box.replaceChildren(...parts);
  };

  const ask = async () => {
    clearTimeout(timer);
    const password = input.value;
    if (password === asked) return;
    asked = password;
    running.abort();
    running = new AbortController();
    const { signal } = running;
    let report = { violations: [] }; // of what nobody judges: the form will tell
    try {
      if (password !== "") {
        const reply = await fetch(check, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(cookie ? { password, cookie } : { password }),
          signal,
        });
        if (reply.ok) report = { ...await reply.json(), known: true };
      }
    } catch { /* the network, or the next question */ }
    await still;
    if (!signal.aborted) tell(report);
  };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 500); });
  input.addEventListener("blur", ask);
}

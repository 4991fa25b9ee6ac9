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
    form.append(field);
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
    button.textContent = shown ? button.dataset.hide : button.dataset.show;
  };
  passwords.push(show);
  button.addEventListener("click", () => show(input.type === "password"));
  button.hidden = false;
}

// A form is sent once, and no manager takes a shown password for a name.
for (const form of document.forms) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
    setTimeout(() => { sent = false; }, 5000); // should the network have failed
    passwords.forEach((show) => show(false));
  });
  addEventListener("pageshow", () => { sent = false; });
}

// Nothing moves from under a pointer that is down: it would not click.
let still = Promise.resolve(), up = () => {};
addEventListener("pointerdown", () => { still = new Promise((lifted) => { up = lifted; }); });
for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => setTimeout(up));

// What the policy says while a new password is typed.
for (const box of document.querySelectorAll("[data-check]")) {
  const { check, cookie, strength, levels } = box.dataset;
  const input = document.getElementById(box.dataset.for);
  let timer, asked = "", running = new AbortController();

  const tell = (report) => {
    const parts = [];
    if (report.score !== undefined) {
      const meter = document.createElement("meter");
      Object.assign(meter, { min: 0, max: 4, low: 2, high: 3, optimum: 4, value: report.score, ariaLabel: strength });
      const name = document.createElement("p");
      name.textContent = strength + ": " + levels.split("|")[report.score];
      parts.push(meter, name);
    }
    if (report.violations.length > 0) {
      const list = document.createElement("ul");
      for (const violation of report.violations) {
        const item = document.createElement("li");
        item.textContent = violation.detail;
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
        if (reply.ok) report = await reply.json();
      }
    } catch { /* the network, or the next question */ }
    await still;
    if (!signal.aborted) tell(report);
  };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 500); });
  input.addEventListener("blur", ask);
}

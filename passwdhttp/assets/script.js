"use strict";

// Buttons that show a password.
const passwords = [];
for (const button of document.querySelectorAll("button[data-show]")) {
  const input = document.getElementById(button.getAttribute("aria-controls"));
  const show = (shown) => {
    input.type = shown ? "text" : "password";
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
    if (password === "") {
      box.replaceChildren();
      return;
    }
    try {
      const reply = await fetch(check, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(cookie ? { password, cookie } : { password }),
        signal: running.signal,
      });
      if (!reply.ok) throw reply.status;
      tell(await reply.json());
    } catch (reason) {
      if (reason.name !== "AbortError") box.replaceChildren(); // the form will tell
    }
  };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 500); });
  input.addEventListener("blur", ask);
}

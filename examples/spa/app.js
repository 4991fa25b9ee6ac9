// The access token lives in memory. The refresh token is rotated with every use; where it
// is kept is where a script of somebody else's would look for it.
let access = "", refresh = "";

// ask returns what the API answers, and throws its problem.
async function ask(url, body, again = true) {
  const reply = await fetch(url, {
    method: body ? "POST" : "GET",
    headers: {
      ...(body && { "Content-Type": "application/json" }),
      ...(access && { Authorization: "Bearer " + access }),
      ...(localStorage.device && { "Passwd-Device": localStorage.device }),
    },
    body: body && JSON.stringify(body),
  });
  localStorage.device = reply.headers.get("Passwd-Device") ?? localStorage.device ?? ""; // opens nothing
  const answer = reply.status === 204 ? null : await reply.json();
  if (answer?.code === "unauthenticated" && refresh && again) { // and not for a wrong password
    await renew();
    return ask(url, body, false);
  }
  if (!reply.ok) throw Object.assign(new Error(answer.detail), answer, { wait: Number(reply.headers.get("Retry-After")) });
  return answer;
}

// renew exchanges the refresh token, once however many requests wait for it.
let renewing;
function renew() {
  return renewing ??= (async () => {
    const reply = await fetch(HOST + "/refresh", { method: "POST", headers: { Authorization: "Bearer " + refresh } });
    if (!reply.ok) {
      access = refresh = "";
      throw await reply.json();
    }
    keep(await reply.json());
  })().finally(() => { renewing = undefined; });
}

function keep(pair) {
  access = pair.access_token;
  refresh = pair.refresh_token;
}

const app = {
  signIn: async (login, password) => keep(await ask(API + "signin", { login, password })),
  policy: () => ask(API + "policy"),
  check: (password) => ask(API + "check", { password }),
  change: (current_password, new_password) => ask(API + "change", { current_password, new_password }),
  forgot: (login) => ask(API + "forgot", { login }),
  // On a phone a code is less trouble than a link that opens another browser.
  forgotCode: async (login) => (await ask(API + "forgot/code", { login })).request_id,
  redeem: async (request_id, code) => (await ask(API + "reset/code", { request_id, code })).token,
  checkLink: (token) => ask(API + "reset/check", { token }),
  reset: (token, new_password) => ask(API + "reset", { token, new_password }),
  cancel: (token) => ask(API + "cancel", { token }),
};

// Links lead to #/reset?token=… and #/cancel?token=…: the token leaves the address bar at
// once, and no server sees it there.
function route() {
  const [path, query] = location.hash.slice(1).split("?");
  const token = new URLSearchParams(query).get("token");
  if (token) history.replaceState(null, "", "#" + path);
  return { path, token };
}

// A static application that signs in by fetch(); behind spa.conf. docs/api.md describes the JSON.
const $ = (id) => document.getElementById(id);

async function api(path, method = "GET", data) {
  const headers = { Accept: "application/json" };
  if (data) headers["Content-Type"] = "application/json";
  const response = await fetch(path, { method, headers, body: data && JSON.stringify(data) });
  const body = response.status === 204 ? null : await response.json();
  if (!response.ok) throw body; // problem details: code, detail
  return body;
}

function show(user, message = "") {
  $("login").hidden = Boolean(user);
  $("inside").hidden = !user;
  $("user").textContent = user ?? "";
  $("message").textContent = message;
}

const who = () => api("/sessions/current").then(({ user }) => show(user),
  ({ code, detail }) => show(null, code === "not_signed_in" ? "" : detail));

$("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const { user } = await api("/login", "POST", Object.fromEntries(new FormData($("login"))));
    show(user);
  } catch (problem) {
    show(null, problem.detail);
  }
});

$("logout").addEventListener("click", () => api("/logout", "POST").then(() => show(null)));

addEventListener("pageshow", who); // also when the page comes back from the history

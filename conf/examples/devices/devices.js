// Lists the devices and ends sessions. What comes from the server goes in as text, never as HTML.
const LIST = "/sessions";

async function ask(method, path) {
  const answer = await fetch(path, { method, headers: { Accept: "application/json" } });
  if (answer.status === 401) { // signed out meanwhile: sign in, and come back
    location.assign("/login?return=" + encodeURIComponent(location.pathname));
  }
  if (!answer.ok && answer.status !== 404) { // 404: it was gone already
    throw new Error(`The server answered ${answer.status}.`);
  }
  return answer.status === 200 ? answer.json() : null;
}

function line(session) {
  const item = document.createElement("li");
  const seen = new Date(session.last_seen_at).toLocaleString();
  item.append(`${session.device}, ${session.label ?? session.last_ip}, last used ${seen} `);
  if (session.current) {
    item.append("(this device)");
  } else {
    const button = document.createElement("button");
    button.textContent = "Sign out";
    button.setAttribute("aria-label", `Sign out ${session.device}, last used ${seen}`);
    button.onclick = () => act(`${LIST}/${session.id}`, `${session.device} was signed out.`);
    item.append(button);
  }
  return item;
}

async function show() {
  const { sessions } = await ask("GET", LIST);
  document.getElementById("devices").replaceChildren(...sessions.map(line));
  document.getElementById("others").hidden = sessions.length < 2;
}

async function act(path, done) {
  const said = document.getElementById("said");
  try {
    await ask("DELETE", path);
    said.textContent = done;
    await show();
  } catch (error) {
    said.textContent = `That did not work. ${error.message}`;
  }
}

document.getElementById("others").onclick = () => act(`${LIST}?scope=others`, "All other devices were signed out.");
show().catch((error) => { document.getElementById("said").textContent = error.message; });

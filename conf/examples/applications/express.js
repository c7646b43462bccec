// An application with Express, behind form.conf: npm install express; node express.js
// It listens on this machine only: a client that reaches it directly could claim any name.
const express = require("express");

const app = express();
const escape = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

// httpd has removed the header that a client sent, and has set it for a user who is signed in.
app.use((request, response, next) => {
  const name = request.get("X-Remote-User");
  request.user = name && Buffer.from(name, "latin1").toString("utf8");
  next();
});

app.get("/", (request, response) => {
  response.send(`<h1>Hello ${escape(request.user ?? "visitor")}</h1>
    <a href="/sessions">Where you are signed in</a> <a href="/logout">Sign out</a>`);
});

app.get("/me", (request, response) => {
  response.json({ user: request.user ?? null });
});

app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");

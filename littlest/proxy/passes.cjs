// The passes of the gate: what the hub signs, and the proxy verifies. A pass is a cookie that lets one browser into one
// user's server; littlest/hub/gate/passes.py makes it, and says what is in it.
"use strict";

const crypto = require("node:crypto");

const COOKIE = "littlest-pass";
const SESSION_COOKIE = "jupyterhub-session-id";
const KEY = crypto.createHmac("sha256", process.env.CONFIGPROXY_AUTH_TOKEN ?? "").update("littlest gate").digest();

function sign(kind, user, server, payload) {
  return crypto.createHmac("sha256", KEY).update(JSON.stringify([kind, user, server, payload])).digest("base64url");
}

// Takes the passes out of a request, so that no user's server sees one. Returns their values, and the browser's sessions.
function takePasses(request) {
  const passes = [];
  const sessions = [];
  const others = (request.headers.cookie ?? "").split(";").filter((cookie) => {
    const [name, value = ""] = cookie.split("=", 2).map((part) => part.trim());
    if (name === SESSION_COOKIE) sessions.push(crypto.createHash("sha256").update(value).digest("hex"));
    if (name !== COOKIE) return cookie.trim() !== "";
    if (value) passes.push(value);
    return false;
  });
  if (others.length) request.headers.cookie = others.join(";").trim();
  else delete request.headers.cookie;
  return { passes, sessions };
}

// Returns what a pass says, when the hub signed it for this server and this browser; undefined otherwise. Another page may
// give the browser a pass, but not the session that belongs to it.
function readPass(value, user, server, sessions) {
  const [payload, signature = ""] = value.split(".");
  const expected = sign("pass", user, server, payload);
  const [given, wanted] = [Buffer.from(signature), Buffer.from(expected)];
  if (given.length !== wanted.length || !crypto.timingSafeEqual(given, wanted)) return undefined;
  const said = JSON.parse(Buffer.from(payload, "base64url"));
  if (!(said.session ? sessions.length : !sessions.length) || sessions.some((one) => one !== said.session)) return undefined;
  // the token of a visit is never seen by the browser: hub and proxy make the same one from the pass
  if (said.visit) said.token = sign("visit", user, server, payload);
  return said;
}

module.exports = { COOKIE, readPass, takePasses };

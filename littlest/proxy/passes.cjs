// The passes of the gate: what the hub signs, and the proxy verifies. A pass is a cookie that lets one browser into one
// user's server; littlest/hub/gate/passes.py makes it, and says what is in it.
"use strict";

const crypto = require("node:crypto");

const COOKIE = "littlest-pass";
const KEY = crypto.createHmac("sha256", process.env.CONFIGPROXY_AUTH_TOKEN ?? "").update("littlest gate").digest();

function sign(kind, user, server, payload) {
  return crypto.createHmac("sha256", KEY).update(JSON.stringify([kind, user, server, payload])).digest("base64url");
}

// Takes the passes out of a request, so that no user's server sees one, and returns their values.
function takePasses(request) {
  const found = [];
  const others = (request.headers.cookie ?? "").split(";").filter((cookie) => {
    const [name, value] = cookie.split("=", 2);
    if (name.trim() !== COOKIE) return cookie.trim() !== "";
    if (value) found.push(value.trim());
    return false;
  });
  if (others.length) request.headers.cookie = others.join(";").trim();
  else delete request.headers.cookie;
  return found;
}

// Returns what a pass says, when the hub signed it for this server; undefined otherwise.
function readPass(value, user, server) {
  const [payload, signature = ""] = value.split(".");
  const expected = sign("pass", user, server, payload);
  if (signature.length !== expected.length) return undefined;
  if (!crypto.timingSafeEqual(Buffer.from(signature), Buffer.from(expected))) return undefined;
  const said = JSON.parse(Buffer.from(payload, "base64url"));
  // the token of a visit is never seen by the browser: hub and proxy make the same one from the pass
  if (said.visit) said.token = sign("visit", user, server, payload);
  return said;
}

module.exports = { COOKIE, readPass, takePasses };

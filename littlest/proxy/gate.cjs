// Loaded into the proxy's process before the proxy itself (node --require): nothing comes from or goes to a user's
// server without a pass, or a token that the hub vouches for.
//
// All servers have the hub's origin, and a student's server may answer anything: a page of it could act in the name of
// the person who opens it. So only people whom the hub let in before come to a server; the hub answers all others.
"use strict";

const crypto = require("node:crypto");
const http = require("node:http");
const https = require("node:https");

const { readPass, takePasses } = require("./passes.cjs");
const Routes = require("./routes.cjs");
const Vouching = require("./vouching.cjs");

const TOKEN = /^(?:token|bearer)\s+(\S+)\s*$/i;
const vouching = new Vouching(findHub, process.env.CONFIGPROXY_AUTH_TOKEN);

// The hub's address, and where its pages begin; its own route says so.
function findHub() {
  const [prefix, { target }] = [...Routes.current.routes].find(([, data]) => data.hub) ?? ["/", Routes.current.routes.get("/")];
  const path = `${prefix === "/" ? "" : prefix}/hub`;
  return { address: target, path: `${path}/api/littlest/gate`, pages: path };
}

// The route of a request, as the proxy finds it; undefined for an address that is none.
function findRoute(request) {
  try {
    return Routes.current.find(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
  } catch {
    return undefined;
  }
}

// Whether a page elsewhere made a request, other than by a link. Browsers send no SameSite=Lax cookies with it; in frames
// on other sites cookies are not of that kind, and pages on other ports of this host count as the same site.
function isFromElsewhere({ method, headers }) {
  const { "sec-fetch-site": site, "sec-fetch-mode": mode } = headers;
  const isLink = mode === "navigate" && ["GET", "HEAD"].includes(method);
  return ["cross-site", "same-site"].includes(site) && !isLink;
}

// Returns what lets a request in, undefined when nothing does.
async function admit(request, data) {
  const isElsewhere = isFromElsewhere(request);
  const { passes, sessions } = takePasses(request);
  const server = data.server_name ?? "";
  for (const value of isElsewhere ? [] : passes) {
    const pass = readPass(value, data.user, server, sessions);
    const entry = pass && (await vouching.admit(`${data.user}/${server} ${value}`, { ...pass, user: data.user, server }));
    if (entry && pass.token) request.headers.authorization = `token ${pass.token}`;
    if (entry) return entry;
  }
  const token = TOKEN.exec(request.headers.authorization ?? "")?.[1];
  if (!token) return undefined;
  const digest = crypto.createHash("sha256").update(token).digest("base64url");
  return vouching.admit(`${data.user}/${server} token ${digest}`, { user: data.user, server, token });
}

// A page leads to the hub, which gives a pass or says why not; everything else is refused.
function refuse(request, response, data) {
  const { accept = "", "sec-fetch-mode": mode = accept.includes("text/html") ? "navigate" : "" } = request.headers;
  const isPage = mode === "navigate" && ["GET", "HEAD"].includes(request.method);
  const headers = { "Cache-Control": "no-store", Connection: "close" };
  if (isPage) {
    const query = new URLSearchParams({ user: data.user, server: data.server_name ?? "", next: request.url });
    response.writeHead(302, { ...headers, Location: `${findHub().pages}/gate?${query}` }).end();
  } else {
    const message = "This browser may not use this server, or may not any more. Open the page of the server again.";
    response.writeHead(403, { ...headers, "Content-Type": "application/json" }).end(JSON.stringify({ message }));
  }
}

function refuseUpgrade(socket) {
  socket.write("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  socket.destroySoon();
}

// Hands a request or an upgrade on when it may pass; `goOn` gives it to the proxy.
async function check(event, request, answer, goOn) {
  const data = findRoute(request)?.data;
  if (!data?.user) return goOn();
  if (event === "upgrade") answer.on("error", () => answer.destroy());
  // a service worker stays in the browser, and would answer its next user in the place of the gate
  const isWorker = request.headers["service-worker"] !== undefined;
  const entry = isWorker ? undefined : await admit(request, data);
  if (!entry) return event === "upgrade" ? refuseUpgrade(answer) : refuse(request, answer, data);
  // what streams for long ends with the right to it; a connection may carry requests of other kinds later
  vouching.watch(entry, answer);
  goOn();
}

function guard(server) {
  const emit = server.emit;
  server.emit = function (event, request, answer, ...rest) {
    const goOn = () => emit.call(server, event, request, answer, ...rest);
    if (event !== "request" && event !== "upgrade") return goOn();
    check(event, request, answer, goOn).catch((error) => {
      console.error(`The gate refuses ${request.method} ${request.url.split("?", 1)[0]}: ${error.stack}`);
      answer.destroy();
    });
    return true;
  };
  return server;
}

// Also the server of the proxy's API, whose requests are for no user's server.
for (const module of [http, https]) {
  const create = module.createServer;
  module.createServer = (...given) => (typeof given[0] === "object" ? guard(create(...given)) : create(...given));
}

// Loaded into the proxy's process before the proxy itself (node --require): takes out of the answers of users' servers
// what would reach beyond the server's own path. All servers, and the hub, have one origin.
"use strict";

const http = require("node:http");

const openFrames = require("./frames.cjs");
const { COOKIE } = require("./passes.cjs");
const Routes = require("./routes.cjs");

// Each acts on the whole origin, or opens it to others.
const REACHING = new Set([
  "service-worker-allowed", // a page of one server would receive what is typed at the login
  "clear-site-data",
  "strict-transport-security",
  "public-key-pins",
  "expect-ct",
  "alt-svc", // sends the origin's visitors to another port
  "nel", // reports every failed request of the origin
  "report-to",
  "reporting-endpoints",
  "access-control-allow-credentials",
  "set-login",
  "accept-ch",
  "critical-ch",
  "supports-loading-mode",
]);

// What a browser may keep: with anything else it could show a page of a server again without asking the gate.
const KEPT = /^(text\/(css|javascript)|application\/(json|javascript|wasm|octet-stream)|font\/|audio\/|video\/|image\/(?!svg))/i;

// Returns a cookie with the path of the server and for this host only; undefined for one that may not be set.
function confine(cookie, prefix, rawPrefix) {
  const [pair, ...attributes] = cookie.split(";");
  const name = pair.split("=", 1)[0].trim();
  if (name === COOKIE || name.startsWith("__Host-")) return undefined;
  const read = (attribute) => attribute.split("=", 1)[0].trim().toLowerCase();
  const path = attributes.filter((one) => read(one) === "path").pop()?.split("=").slice(1).join("=").trim() ?? "";
  const others = attributes.filter((one) => !["path", "domain"].includes(read(one)));
  return [pair, ...others, ` Path=${isBelow(path, prefix) ? path : `${rawPrefix}/`}`].join(";");
}

function isBelow(path, prefix) {
  try {
    const found = decodeURIComponent(path);
    return found === prefix || (found.startsWith(`${prefix}/`) && !/(^|\/)\.\.?(\/|$)/.test(found));
  } catch {
    return false;
  }
}

// Returns where a server is, as the proxy and as the request spell it; when the answer comes, the route may be gone.
function findServer(path) {
  const { pathname } = new URL(path, "http://localhost");
  const route = Routes.current.find(decodeURIComponent(pathname));
  if (!route || route.prefix === "/") return {};
  return { prefix: route.prefix, rawPrefix: pathname.split("/").slice(0, route.prefix.split("/").length).join("/") };
}

function clean(message, { prefix, rawPrefix }) {
  const headers = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (name === "set-cookie") {
      headers[name] = prefix ? value.map((cookie) => confine(cookie, prefix, rawPrefix)).filter(Boolean) : [];
    } else if (!REACHING.has(name)) {
      headers[name] = value;
    }
  }
  if (!KEPT.test(headers["content-type"] ?? "")) headers["cache-control"] = "no-store";
  message.headers = headers;
  const raw = Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  message.rawHeaders = raw.flat();
}

// No stranger needs to know which versions run here.
function hideVersions(message) {
  delete message.headers.server;
  delete message.headers["x-jupyterhub-version"];
}

const request = http.request;

http.request = (options, ...rest) => {
  // only users' servers listen on sockets; the secret of hub and proxy is not for them
  const server = options?.socketPath ? findServer(options.path) : undefined;
  if (server) delete options.headers?.["x-littlest-proxy"];
  const outgoing = request(options, ...rest);
  const emit = outgoing.emit;
  outgoing.emit = function (event, message, ...more) {
    if (event === "response" || event === "upgrade") {
      hideVersions(message);
      if (server) clean(message, server);
      openFrames(options?.headers ?? {}, message.headers);
    }
    return emit.call(outgoing, event, message, ...more);
  };
  return outgoing;
};

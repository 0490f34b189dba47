// Loaded into the proxy's process before the proxy itself (node --require): bounds what visitors may hold open.
// A request for the hub is passed on only when it has arrived as a whole, so clients that send slowly never reach the
// hub. A request for a user's server is passed on as it comes, for as long as it comes: uploads may be large and slow.
"use strict";

const http = require("node:http");
const https = require("node:https");
const Routes = require("./routes.cjs");

const SECOND = 1000; // milliseconds
const HEADERS_TIMEOUT = 20 * SECOND;
const HUB_BODY_TIMEOUT = 20 * SECOND;
const SERVER_BODY_PAUSE = 300 * SECOND; // without a byte of an upload to a user's server
const ANSWER_PAUSE = 120 * SECOND; // without a byte of the hub's answer read by the visitor
const SWEEP = 5 * SECOND;
const MOST_CONNECTIONS = 20000; // the proxy's descriptors are 65,536, and most connections need two
const MOST_OF_ADDRESS = 5000; // a class of 50 with a dozen tabs each may be behind one address
const MOST_UNFINISHED = 4000; // connections whose request for the hub has not arrived yet
const MOST_UNFINISHED_OF_ADDRESS = 1000;
const MOST_HELD = 32 * 1024 * 1024; // bytes of such requests together
const FORM_SIZE = 64 * 1024; // bytes
const API_SIZE = 1024 * 1024;

const unfinished = new Set(); // sockets, in the order in which they began
const holding = new Map(); // response of a request that is being held: how many bytes
const uploads = new Map(); // socket: [bytes, when]
const answers = new Map(); // response of the hub: when the visitor last read some of it
const addresses = new Map(); // address: Visitor
let held = 0;

class Visitor {
  constructor() {
    this.all = new Set();
    this.idle = new Set();
    this.unfinished = new Set();
  }
}

function findVisitor(socket) {
  return addresses.get(socket.littlestAddress);
}

function accept(socket) {
  const address = socket.remoteAddress;
  if (!address) return; // the hub, on the API's Unix socket
  socket.littlestAddress = address;
  const visitor = addresses.get(address) ?? new Visitor();
  addresses.set(address, visitor);
  if (visitor.all.size >= MOST_OF_ADDRESS) {
    const [oldest] = visitor.idle;
    (oldest ?? socket).destroy();
    if (!oldest) return;
  }
  visitor.all.add(socket);
  begin(socket);
  socket.once("close", () => {
    for (const set of [unfinished, visitor.all, visitor.idle, visitor.unfinished]) set.delete(socket);
    uploads.delete(socket);
    if (!visitor.all.size) addresses.delete(address);
  });
}

// From now on a request is awaited on this connection.
function begin(socket) {
  const visitor = findVisitor(socket);
  unfinished.add(socket);
  visitor.unfinished.add(socket);
  if (visitor.unfinished.size > MOST_UNFINISHED_OF_ADDRESS) visitor.unfinished.values().next().value.destroy();
  else if (unfinished.size > MOST_UNFINISHED) unfinished.values().next().value.destroy();
}

function finish(socket) {
  unfinished.delete(socket);
  findVisitor(socket)?.unfinished.delete(socket);
}

function refuse(request, response, status, text) {
  if (!response.headersSent) {
    response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" });
  }
  response.end(`${text}\n`);
  request.resume();
  // a client that is still sending may read the answer first
  setTimeout(() => request.socket.destroy(), 2 * SECOND).unref();
}

async function isForHub(request) {
  try {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    const route = await Routes.current?.getTarget(path);
    return !route || route.prefix === "/" || Boolean(route.data.hub);
  } catch {
    return true;
  }
}

// Read the whole body; the proxy then sends it as one piece.
function hold(request, response, passOn) {
  const most = /\/hub\/(api|spawn)(\/|$)/.test(request.url.split("?", 1)[0]) ? API_SIZE : FORM_SIZE;
  const tooLarge = () => refuse(request, response, 413, `The hub takes at most ${most / 1024} KiB at this address.`);
  if (Number(request.headers["content-length"]) > most) return tooLarge();
  const chunks = [];
  let size = 0;
  if (!unfinished.has(request.socket)) begin(request.socket);
  const timer = setTimeout(() => refuse(request, response, 408, "The request came too slowly."), HUB_BODY_TIMEOUT);
  holding.set(response, 0);
  response.once("close", () => {
    clearTimeout(timer);
    held -= holding.get(response) ?? 0;
    holding.delete(response);
  });
  request.on("data", (chunk) => {
    if (response.writableEnded) return;
    chunks.push(chunk);
    size += chunk.length;
    held += chunk.length;
    holding.set(response, size);
    if (size > most) tooLarge();
    if (held > MOST_HELD) holding.keys().next().value.socket?.destroy();
  });
  request.once("end", async () => {
    clearTimeout(timer);
    if (response.writableEnded || response.destroyed) return;
    finish(request.socket);
    // a user's server that has started meanwhile must not get what was meant for the hub: our secret is in it
    if (!(await isForHub(request))) return refuse(request, response, 503, "The server has just started. Try again.");
    const body = Buffer.concat(chunks);
    request.pipe = (target) => target.end(body);
    passOn();
  });
}

async function receive(request, response, passOn) {
  const { socket } = request;
  const visitor = findVisitor(socket);
  if (!visitor) return passOn();
  visitor.idle.delete(socket);
  const hasBody = "transfer-encoding" in request.headers || Number(request.headers["content-length"]) > 0;
  response.once("close", () => {
    uploads.delete(socket);
    answers.delete(response);
    if (!socket.destroyed) visitor.idle.add(socket);
  });
  const forHub = await isForHub(request);
  if (socket.destroyed) return;
  if (forHub) {
    // the hub believes what the proxy says about the visitor's address only with this
    request.headers["x-littlest-proxy"] = process.env.CONFIGPROXY_AUTH_TOKEN ?? "";
    answers.set(response, Date.now());
    if (hasBody) return hold(request, response, passOn);
  } else {
    delete request.headers["x-littlest-proxy"];
    if (hasBody) uploads.set(socket, [0, Date.now()]);
    request.once("end", () => uploads.delete(socket));
  }
  finish(socket);
  passOn();
}

function sweep() {
  const now = Date.now();
  for (const [socket, [bytes, when]] of uploads) {
    if (socket.bytesRead !== bytes) uploads.set(socket, [socket.bytesRead, now]);
    else if (now - when > SERVER_BODY_PAUSE) socket.destroy();
  }
  for (const [response, when] of answers) {
    if (!response.socket?.writableLength) answers.set(response, now);
    else if (now - when > ANSWER_PAUSE) response.socket.destroy();
  }
}
setInterval(sweep, SWEEP).unref();

for (const [module, event] of [
  [http, "connection"],
  [https, "secureConnection"],
]) {
  const createServer = module.createServer;
  module.createServer = (...given) => {
    const listener = given.at(-1);
    const options = given.length > 1 ? given[0] : {};
    const limits = {
      headersTimeout: HEADERS_TIMEOUT,
      requestTimeout: 0, // an upload may take hours
      handshakeTimeout: HEADERS_TIMEOUT,
      connectionsCheckingInterval: SWEEP,
    };
    const server = createServer({ ...options, ...limits }, (request, response) => {
      receive(request, response, () => listener(request, response)).catch(() => request.socket.destroy());
    });
    server.maxConnections = MOST_CONNECTIONS;
    // only where the proxy itself listens: with a listener, node leaves every upgrade to it
    server.on("newListener", function watch(name) {
      if (name !== "upgrade") return;
      server.off("newListener", watch);
      server.on("upgrade", (request, socket) => finish(socket));
    });
    return server.on(event, accept);
  };
}

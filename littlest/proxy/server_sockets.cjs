// Loaded into the proxy's process before the proxy itself (node --require): how it connects to users' servers.
// It keeps the connections open. For a server on a Unix socket the proxy asks for a connection that is closed after each
// answer. A server that answers at once closes it before node has finished writing the request: the proxy then answers
// 503 (write EPIPE) to a browser whose notebook was saved.
// And it follows no link: a user may put one to a classmate's socket in the place of the own one.
"use strict";

const fs = require("node:fs");
const http = require("node:http");
const net = require("node:net");

const O_PATH = 0o10000000; // open(2) of Linux; node has no name for it
const OPEN = O_PATH | fs.constants.O_NOFOLLOW;

class ServerAgent extends http.Agent {
  createConnection(options, done) {
    let file;
    try {
      // between a look and the connection the socket could be replaced, so both are about one open file
      file = fs.openSync(options.socketPath, OPEN);
      if (!fs.fstatSync(file).isSocket()) throw new Error(`${options.socketPath} is no socket`);
      // connect(2) has found the socket before this call ends
      return net.createConnection({ ...options, path: `/proc/self/fd/${file}` });
    } catch (error) {
      process.nextTick(done, error);
      return undefined;
    } finally {
      if (file !== undefined) fs.closeSync(file);
    }
  }
}

const kept = new ServerAgent({ keepAlive: true });
const single = new ServerAgent();
const request = http.request;

http.request = (options, ...rest) => {
  if (!options?.socketPath) return request(options, ...rest);
  const isPlain = options.agent === false && options.headers?.connection === "close";
  if (!isPlain) return request({ ...options, agent: single }, ...rest);
  return request({ ...options, agent: kept, headers: { ...options.headers, connection: "keep-alive" } }, ...rest);
};

// Loaded into the proxy's process before the proxy itself (node --require): keeps connections to users' servers open.
// For a server on a Unix socket the proxy asks for a connection that is closed after each answer. A server that answers
// at once closes it before node has finished writing the request: the proxy then answers 503 (write EPIPE) to a browser
// whose notebook was saved.
"use strict";

const http = require("node:http");

const agent = new http.Agent({ keepAlive: true });
const request = http.request;

http.request = (options, ...rest) => {
  const isPlain = options?.socketPath && options.agent === false && options.headers?.connection === "close";
  if (!isPlain) return request(options, ...rest);
  return request({ ...options, agent, headers: { ...options.headers, connection: "keep-alive" } }, ...rest);
};

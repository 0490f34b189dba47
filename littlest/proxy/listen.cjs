// Loaded into the proxy's process before the proxy itself (node --require): whatever listens on one of the proxy's public
// ports gets the socket that systemd holds for it, see sd_listen_fds(3).
//   LITTLEST_PORTS  the ports, in the order of the sockets
// A port of 1024 or more that nobody holds while the proxy restarts could be taken by any user of the machine.
"use strict";

const net = require("node:net");

const FIRST_DESCRIPTOR = 3;
const BACKLOG = 4096; // node sets it again; as in the socket unit
const ports = process.env.LITTLEST_PORTS.split(" ").map(Number);
const given = process.env.LISTEN_PID === String(process.pid) ? Number(process.env.LISTEN_FDS) : 0;
if (given !== ports.length) {
  // the restart of the proxy starts the socket unit again
  console.error(`systemd holds ${given} of the ports ${ports.join(", ")}: another program may have one of them`);
  process.exit(1);
}

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  const index = typeof port === "number" ? ports.indexOf(port) : -1;
  if (index < 0) return listen.call(this, port, ...rest);
  const callbacks = rest.filter((one) => typeof one === "function");
  return listen.call(this, { fd: FIRST_DESCRIPTOR + index }, BACKLOG, ...callbacks);
};

// Waits until the proxy answers on its API socket and on its public address, and fails when it does not:
//   node probe.cjs SOCKET ADDRESS PORT [http|https]
// systemd says in MAINPID which process the proxy is: one that has ended is not waited for, and one that is still at
// its start gets the time that a slow machine needs.
"use strict";

const http = require("node:http");
const https = require("node:https");

const PROXY = Number(process.env.MAINPID);
const DEADLINE = Date.now() + (PROXY ? 100 : 20) * 1000;
const [socketPath, address, port, protocol] = process.argv.slice(2);

function ask(client, options) {
  return new Promise((resolve, reject) => {
    const request = client.get({ ...options, timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("timeout", () => request.destroy(new Error("no answer")));
    request.on("error", reject);
  });
}

function hasEnded() {
  try {
    return PROXY > 0 && !process.kill(PROXY, 0);
  } catch (error) {
    return error.code === "ESRCH";
  }
}

async function waitFor(name, client, options, status) {
  for (;;) {
    let found;
    try {
      found = await ask(client, options);
      if (found === status) return;
    } catch (error) {
      found = error.message;
    }
    if (hasEnded()) throw new Error(`${name}: the proxy has ended`);
    if (Date.now() > DEADLINE) throw new Error(`${name}: ${found}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

(async () => {
  const headers = { Authorization: `token ${process.env.CONFIGPROXY_AUTH_TOKEN}` };
  await waitFor("API of the proxy", http, { socketPath, path: "/api/routes", headers }, 200);
  // the certificate is for the name that people use, not for this address
  const options = { host: address, port, path: "/_chp_healthz", rejectUnauthorized: false };
  await waitFor(`proxy on ${address}:${port}`, protocol === "https" ? https : http, options, 200);
})().catch((error) => {
  console.error(`The proxy did not come up. ${error.message}`);
  process.exit(1);
});

// Loaded into the proxy's process before the proxy itself (node --require): leads browsers from http to https.
//   LITTLEST_REDIRECT_ADDRESS  where to listen, empty for every address
//   LITTLEST_REDIRECT_FROM     port to listen on
//   LITTLEST_REDIRECT_TO       port of the proxy
// The proxy's own --redirect-port listens on every address, whatever --ip says, goes on without a word when the port is
// taken, and answers 301, which browsers keep for good: after https is switched off they would never come back.
"use strict";

const { X509Certificate } = require("node:crypto");
const fs = require("node:fs");
const http = require("node:http");
const net = require("node:net");

const { LITTLEST_REDIRECT_ADDRESS: address, LITTLEST_REDIRECT_FROM: from, LITTLEST_REDIRECT_TO: to } = process.env;

const certificate = new X509Certificate(fs.readFileSync(`${process.env.CREDENTIALS_DIRECTORY}/https.pem`));
const names = (certificate.subjectAltName ?? "").split(", ").map((one) => /^DNS:([^*]+)$/.exec(one)?.[1]);
const ownName = names.find(Boolean);

// Returns the name that the visitor asked for when the certificate is for it, and else one that it is for: what anybody
// may write as the name of the host leads nobody elsewhere.
function findHost(asked) {
  const bare = asked.replace(/^\[|\]$/g, "");
  return (net.isIP(bare) ? certificate.checkIP(bare) : certificate.checkHost(bare)) ? asked : ownName;
}

http
  .createServer((request, response) => {
    const host = findHost((request.headers.host ?? "").replace(/:\d+$/, ""));
    const headers = { "Cache-Control": "no-store", Connection: "close" };
    if (!host) {
      response.writeHead(400, headers).end("This address is reached with https only.\n");
    } else {
      headers.Location = `https://${host}${to === "443" ? "" : `:${to}`}${request.url}`;
      response.writeHead(307, headers).end();
    }
  })
  .on("error", (error) => {
    console.error(`Port ${from}, which leads on to https, cannot be listened on: ${error.message}`);
    process.exit(1);
  })
  .listen(Number(from), address || undefined);

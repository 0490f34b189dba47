// Loaded into the proxy's process before the proxy itself (node --require): where the certificate and the key that
// systemd hands over cannot be used, as when somebody moved a file away or renewed only one of the two, those that
// `littlest apply` last saw working take their place. A proxy that does not start takes everything from everybody.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const tls = require("node:tls");

const [certificate, key, kept] = ["certificate", "key", "kept"].map((name) =>
  path.join(process.env.CREDENTIALS_DIRECTORY, name),
);

function findProblem(certificateFile, keyFile) {
  try {
    tls.createSecureContext({ cert: fs.readFileSync(certificateFile), key: fs.readFileSync(keyFile) });
    return null;
  } catch (error) {
    return error.message;
  }
}

const problem = findProblem(certificate, key);
// where the copy is no better, the proxy says itself what is wrong
if (problem && !findProblem(kept, kept)) {
  console.error(
    `The certificate or the key of https cannot be used (${problem}); the copy of the last that worked is. ` +
      "To see what is wrong: sudo littlest status",
  );
  process.argv = process.argv.map((word) => (word === certificate || word === key ? kept : word));
}

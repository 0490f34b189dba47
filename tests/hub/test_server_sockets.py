"""The proxy reaches a user's server on its own socket, and follows no link to another one (in the proxy's Node)."""

import json
import subprocess
from pathlib import Path

from tests.hub.world import PROXY_FILES

SCRIPT = """
const fs = require("node:fs");
const http = require("node:http");
require(MODULE);
const UPGRADE = "HTTP/1.1 101 X\\r\\nUpgrade: x\\r\\nConnection: upgrade\\r\\n\\r\\n";
const make = (name) =>
  http
    .createServer((request, response) => response.end(name))
    .on("upgrade", (_request, socket) => socket.end(UPGRADE))
    .listen(name);
const ask = (socketPath, headers) =>
  new Promise((resolve) => {
    const asked = http.request({ socketPath, path: "/", agent: false, headers });
    asked.on("response", (answer) => answer.on("data", (part) => resolve(String(part))));
    asked.on("upgrade", () => resolve("upgrade"));
    asked.on("error", (error) => resolve(error.code ?? error.message));
    asked.end();
  });
const kinds = { plain: { connection: "close" }, upgrade: { connection: "upgrade", upgrade: "x" } };
(async () => {
  for (const name of ["ada", "eve"]) await new Promise((done) => make(name).on("listening", done));
  fs.writeFileSync("file", "");
  const found = {};
  for (const [kind, headers] of Object.entries(kinds)) {
    found[kind] = [];
    for (let i = 0; i < 300; i++) await ask("eve", headers);
    found[kind].push(await ask("eve", headers), fs.readdirSync("/proc/self/fd").length < 60);
    fs.renameSync("eve", "away");
    fs.symlinkSync("ada", "eve");
    // an idle connection is still one to the own server
    found[kind].push((await ask("eve", headers)) !== "ada");
    fs.unlinkSync("eve");
    fs.symlinkSync("ada", "mallory");
    for (const other of ["mallory", "file", "nothing"]) found[kind].push(await ask(other, headers));
    fs.unlinkSync("mallory");
    fs.renameSync("away", "eve");
  }
  console.log(JSON.stringify(found));
  process.exit(0);
})();
"""


def test_the_proxy_follows_no_link_to_another_socket(proxy_program: list[str], tmp_path: Path) -> None:
    script = tmp_path / "script.cjs"
    script.write_text(SCRIPT.replace("MODULE", json.dumps(str(PROXY_FILES / "server_sockets.cjs"))))
    done = subprocess.run(
        [proxy_program[0], script], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    refused = ["mallory is no socket", "file is no socket", "ENOENT"]
    assert json.loads(done.stdout) == {
        "plain": ["eve", True, True, *refused],
        "upgrade": ["upgrade", True, True, *refused],
    }

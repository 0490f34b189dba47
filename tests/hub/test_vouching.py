"""What the gate remembers of passes and tokens is bounded, for each visitor and in total (in the proxy's Node.js)."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.hub.world import PROXY_FILES

SCRIPT = """
const http = require("node:http");
const Vouching = require(process.argv[1]);
let asked = 0;
let isSilent = false;
const hub = http.createServer((request, response) => {
  let text = "";
  request.on("data", (part) => (text += part));
  request.on("end", () => {
    const questions = JSON.parse(text);
    asked += questions.length;
    if (!isSilent) response.end(JSON.stringify(questions.map((one) => one.token !== "false")));
  });
});
const makePass = (visitor, user) => ({ visitor, user, server: "", issued: Date.now() / 1000, login: "l" });
const makeToken = (user, token) => ({ user, server: "", token });
const makeConnection = () => {
  const one = new (require("node:events"))();
  one.destroy = () => ((one.destroyed = true), one.emit("close"));
  return one;
};
const found = {};
const see = (name, vouching) => (found[name] = [vouching.known.size, vouching.groups.size]);
hub.listen(0, "127.0.0.1", async () => {
  const vouching = new Vouching(() => ({ address: `http://127.0.0.1:${hub.address().port}`, path: "/" }), "t");
  // a page that is open on one device, and a script that makes passes on another
  const open = await vouching.admit("open", makePass("eve", "eve"));
  const connection = makeConnection();
  vouching.watch(open, connection);
  const ada = await vouching.admit("ada", makePass("ada", "ada"));
  for (let i = 0; i < 1000; i++) await vouching.admit(`pass ${i}`, makePass("eve", "eve"));
  see("passes", vouching);
  found.isOpenKept = vouching.known.get("open") === open && !connection.destroyed;
  found.isOtherKept = vouching.known.get("ada") === ada && ada.isVouchedFor;
  found.lastIsKept = vouching.known.has("pass 999") && !vouching.known.has("pass 0");
  // as many that are all open: the oldest ends
  const connections = [];
  for (let i = 0; i < 150; i++) {
    connections.push(makeConnection());
    vouching.watch(await vouching.admit(`busy ${i}`, makePass("mallory", "eve")), connections.at(-1));
  }
  found.ended = connections.filter((one) => one.destroyed).length;
  found.areOldestEnded = connections.slice(0, 50).every((one) => one.destroyed);
  for (let i = 0; i < 300; i++) await vouching.admit(`token ${i}`, makeToken("ben", `${i}`));
  see("tokens", vouching);
  for (let i = 0; i < 300; i++) await vouching.admit(`false ${i}`, makeToken("ben", "false"));
  see("false", vouching);
  // while the hub does not answer, made-up tokens wait in a bounded number; passes go on
  isSilent = true;
  asked = 0;
  Array.from({ length: 1000 }, (_, i) => vouching.admit(`made up ${i}`, makeToken("ben", `x${i}`)));
  await new Promise((resolve) => setTimeout(resolve, 500));
  found.asked = asked;
  found.isPassAdmitted = (await vouching.admit("alone", makePass("ada", "ada"))) !== undefined;
  see("waiting", vouching);
  console.log(JSON.stringify(found));
  process.exit(0);
});
"""


def test_no_visitor_fills_the_memory_of_the_gate(proxy_program: list[str], tmp_path: Path) -> None:
    script = tmp_path / "script.cjs"
    script.write_text(SCRIPT.replace("process.argv[1]", json.dumps(str(PROXY_FILES / "vouching.cjs"))))
    done = subprocess.run([proxy_program[0], script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["passes"] == [101, 2]
    assert found["isOpenKept"]
    assert found["isOtherKept"]
    assert found["lastIsKept"]
    assert found["ended"] == 50
    assert found["areOldestEnded"]
    assert found["tokens"] == [301, 4]
    assert found["false"] == [301, 4]
    assert found["asked"] == 200
    assert found["isPassAdmitted"]
    assert found["waiting"][0] == 301 + 200 + 1

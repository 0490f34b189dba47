"""A small service of the hub: answers with who it is, and what the hub lets it see."""

PROGRAM = """\
import http.server, json, os, urllib.error, urllib.request


def ask(path):
    headers = {"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"], "Content-Type": "application/json"}
    try:
        url = os.environ["JUPYTERHUB_API_URL"] + path
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers)).status
    except urllib.error.HTTPError as error:
        return error.code


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        found = {"path": self.path, "uid": os.getuid(), "gids": os.getgroups(), "pid": os.getpid()}
        found |= {"cwd": os.getcwd(), "course": os.environ.get("COURSE")}
        found |= {"users": ask("/users"), "info": ask("/info")}
        found |= {"secrets": sorted(name for name in os.environ if name.startswith(("CONFIGPROXY", "LITTLEST")))}
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("127.0.0.1", 9000), Handler).serve_forever()
"""


def make_program(python: str) -> str:
    """Make the program, run by this interpreter."""
    return f"#!{python} -I\n{PROGRAM}"

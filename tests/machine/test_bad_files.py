"""The whole corpus of bad settings on one running server: the hub goes on, untouched, through every one of them."""

import base64
import json

from tests.support.bad_files import BAD_FILES, BAD_PLACES, BAD_REFERENCES
from tests.support.server import Server

CONFIG = "/etc/littlest/config.yaml"
PYTHON = "/opt/littlest/current/bin/python"
APPLY_EACH = """
import base64, contextlib, io, json, subprocess, sys, urllib.request
from pathlib import Path
from littlest.cli import main as cli

def look():
    units = ["jupyterhub.service", "jupyterhub-proxy.service"]
    show = ["systemctl", "show", *units, "--property=InvocationID", "--value"]
    with urllib.request.urlopen("http://127.0.0.1/hub/login", timeout=30) as page:
        return [page.status, *subprocess.run(show, capture_output=True, text=True, check=True).stdout.split()]

file = Path("/etc/littlest/config.yaml")
for name, content in json.load(sys.stdin):
    file.write_bytes(base64.b64decode(content))
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = cli.run(["apply", "--json"])
    is_whole = base64.b64decode(content) == file.read_bytes()
    said = json.loads(out.getvalue())
    places = [
        [found["line"], found["column"], found["key"], f"{found['problem']}; {found['hint']}"]
        for found in said.get("problems", [])
    ]
    print(json.dumps([name, code, places, is_whole, "Traceback" in out.getvalue() + err.getvalue(), look()]))
"""
"""One process for all of them: to start one for each costs more than what it does."""


def test_no_bad_file_touches_the_running_hub(own_server: Server) -> None:
    machine = own_server.machine
    good = machine.read(CONFIG)
    files = [*BAD_FILES, *BAD_REFERENCES]
    request = json.dumps([(case.name, base64.b64encode(case.data).decode()) for case in files])
    before = look(own_server)
    done = machine.run([PYTHON, "-I", "-c", APPLY_EACH], stdin=request, timeout=300)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(files)
    for case, (name, code, places, is_whole, has_traceback, now) in zip(files, answers, strict=True):
        assert (name, code, is_whole, has_traceback) == (case.name, case.exit, True, False)
        expected = [(problem.line, problem.column or 1, problem.key) for problem in case.problems]
        assert [tuple(place[:3]) for place in places] == expected, name
        assert all(problem.words in place[3] for problem, place in zip(case.problems, places, strict=True)), name
        assert now == [200, *before], name
    machine.write(CONFIG, good, mode=0o640)
    assert own_server.littlest("plan")["steps"] == []
    assert own_server.use_as_admin() == "42"


def test_what_is_no_file_of_settings_is_refused_in_plain_words(own_server: Server) -> None:
    machine = own_server.machine
    before = look(own_server)
    for place in BAD_PLACES:
        machine.run(f"cd /etc/littlest && mv config.yaml /root/ && {place.make}")
        done = machine.run(["runuser", "-u", place.account, "--", "littlest", "config", "validate"], check=False)
        assert done.returncode == place.exit, place.name
        assert place.words in done.stderr, place.name
        if place.account == "root":
            assert machine.run("timeout 60 littlest apply", check=False).returncode == place.exit, place.name
        machine.run("cd /etc/littlest && rm -rf config.yaml other && mv /root/config.yaml .")
        assert look(own_server) == before, place.name
    assert own_server.littlest("plan")["steps"] == []


def look(server: Server) -> list[str]:
    return [server.unit_property(f"{unit}.service", "InvocationID") for unit in ("jupyterhub", "jupyterhub-proxy")]

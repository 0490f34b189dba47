"""A support bundle says what runs and what is wrong, and has none of the secrets that were planted."""

import json

from tests.support.server import Server

SECRETS = "/var/lib/littlest/secrets"
LOG = "/var/log/littlest/more.log"
SETTINGS = """
users:
  admin: [admin]
services:
  managed:
    grader:
      command: [/bin/sleep, infinity, --api-token=planted-01-argument, "postgresql://ada:planted-02-url@db/grades"]
      environment: {GRADER_SECRET: planted-03-variable, DB_URL: "mysql://root:planted-04-url@db/x"}
    archive:
      api_token: planted-05-token-of-a-service
user_environment:
  environment: {OPENAI_API_KEY: planted-06-key, HTTPS_PROXY: "http://ada:planted-07-url@proxy:3128"}
"""
DROP_IN = """
import sys
c.Spawner.environment = {"DATA_TOKEN": "planted-08-drop-in", "COURSE": "biology"}
c.JupyterHub.template_vars = {"api_key": "planted-09-drop-in"}
for line in (
    "connect to https://ada:planted-10-journal@data.example.org/",
    "GET /hub/oauth_login?code=x&token=planted-11-journal",
    "Authorization: token planted-12-journal",
    "Authorization: Bearer planted-13-journal",
    "password=planted-14-journal",
    '{"client_secret": "planted-15-journal"}',
    "--password planted-16-journal",
    "known ones alone: planted-09-drop-in planted-05-token-of-a-service planted-06-key",
):
    print(line, file=sys.stderr)
"""
LOGGED = "planted_token=planted-17-log\nhttps://x:planted-18-log@host/\nthe first one is planted-19-first\n"


def test_a_bundle_has_no_secret(own_server: Server) -> None:
    machine = own_server.machine
    machine.run("cat >/etc/littlest/jupyterhub_config.d/x.py", stdin=DROP_IN)
    own_server.configure(SETTINGS)
    machine.run(f"printf planted-19-first >{SECRETS}/initial-passwords/eve")
    machine.run(f"cat >{LOG}", stdin=LOGGED)
    token = machine.run(f"cat {SECRETS}/proxy-token").stdout.strip()
    machine.run(f"echo the proxy has {token} >>{LOG}; echo 'htp: planted-20-not-valid' >>/etc/littlest/config.yaml")

    made = own_server.littlest("support-bundle", "--to", "/root")
    assert machine.run(f"stat -c %a {made['file']}").stdout.strip() == "600"
    machine.run(f"mkdir /root/bundle && tar xzf {made['file']} -C /root/bundle --strip-components=1")
    text = machine.run("cat $(find /root/bundle -type f)").stdout
    assert [line for line in text.splitlines() if "planted-" in line] == []
    assert token not in text
    findings = json.loads(machine.run("cat /root/bundle/findings.json").stdout)
    assert "settings" in {finding["check"] for finding in findings}
    assert "connect to https://" in text and "biology" not in text and "OPENAI_API_KEY" in text
    assert {"journal-hub.txt", "versions.txt", "units.txt", "settings.yaml", "logs/more.log"} <= {*made["members"]}

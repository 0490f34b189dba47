"""What the machine says about settings that are valid by themselves: files of secrets, and every problem at once."""

import os
from pathlib import PurePosixPath as Path

import pytest

from littlest import paths
from littlest.config.sections.section import Secret, list_secrets
from littlest.config.text.load import load_config
from littlest.config.text.problems import InvalidConfig
from littlest.machine.machine import Machine
from littlest.system.config_checks import load_active_config, load_checked_config
from littlest.system.secrets.secret_files import read_secret_value

TOKEN = Path("/etc/littlest/metrics-token")
TEXT = "# figures\nmetrics:\n  token:\n    file: /etc/littlest/metrics-token\n"


def explain(machine: Machine, text: str = TEXT) -> str:
    with pytest.raises(InvalidConfig) as caught:
        load_checked_config(machine, text, "config.yaml")
    assert caught.value.exit_code == 3
    return caught.value.message


def test_a_secret_is_the_first_line_of_its_file(machine: Machine) -> None:
    machine.write_file(TOKEN, "\ufeffs3cret-token \nwritten by ada\n", mode=0o600)
    config = load_checked_config(machine, TEXT, "config.yaml")
    assert config.metrics.token
    assert read_secret_value(machine, config.metrics.token) == "s3cret-token"
    assert read_secret_value(machine, Secret(value="as it is")) == "as it is"


def test_a_secret_without_its_file_is_refused_with_its_line(machine: Machine) -> None:
    assert explain(machine) == "config.yaml:4: metrics.token.file: there is no file /etc/littlest/metrics-token"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "has an empty first line, where the secret should be"),
        (b"\nlate\n", "has an empty first line, where the secret should be"),
        (b"\xff\xfe\x00", "is no text: a secret is its first line"),
    ],
)
def test_a_file_without_a_secret_in_it_is_refused(machine: Machine, content: bytes, problem: str) -> None:
    machine.write_file(TOKEN, content, mode=0o600)
    assert explain(machine) == f"config.yaml:4: metrics.token.file: {TOKEN} {problem}"


def test_a_folder_is_no_secret(machine: Machine) -> None:
    machine.make_directory(TOKEN)
    assert explain(machine).endswith(f"{TOKEN} is a folder")


@pytest.mark.timeout(20)
def test_what_could_be_read_for_ever_is_no_secret_and_no_certificate(machine: Machine) -> None:
    machine.make_directory(TOKEN.parent)
    os.mkfifo(machine.path(TOKEN), 0o600)
    https = f"https: {{enabled: true, certificate: {TOKEN}, key: {TOKEN}}}\n"
    ldap = f"auth: {{type: ldap, server: a, search_base: b, certificate_authority: {TOKEN}}}\n"
    problems = explain(machine, TEXT + https + ldap).splitlines()
    assert len(problems) == 4
    assert all(line.endswith(f"{TOKEN} is no ordinary file") for line in problems), problems
    machine.remove(TOKEN)
    # a terabyte, of which nothing is on the disk
    machine.write_file(TOKEN, "", mode=0o600)
    os.truncate(machine.path(TOKEN), 2**40)
    problems = explain(machine, TEXT + https + ldap).splitlines()
    assert len(problems) == 4
    assert all("is larger than 1 MiB" in line for line in problems), problems
    # whoever looks what has changed since waits for nobody either
    machine.remove(TOKEN)
    os.mkfifo(machine.path(TOKEN), 0o600)
    assert machine.read_digest(TOKEN) != "missing"


@pytest.mark.parametrize("mode", [0o644, 0o602])
def test_a_secret_that_everybody_can_read_or_change_is_none(machine: Machine, mode: int) -> None:
    machine.write_file(TOKEN, "s3cret-token\n", mode=mode)
    problem = f"{TOKEN} can be read or changed by every user of this machine; sudo chmod 600 {TOKEN}"
    assert explain(machine) == f"config.yaml:4: metrics.token.file: {problem}"
    assert "s3cret-token" not in explain(machine)


def test_a_secret_is_in_nobodys_hands_but_roots(machine: Machine) -> None:
    if not machine.can_chown():
        pytest.skip("only root can give files away")
    folder = Path("/srv/ada/secrets")
    machine.write_file(folder / "token", "s3cret-token\n", mode=0o600)
    text = f"metrics:\n  token: {{file: {folder}/token}}\n"
    for path in ("/srv", "/srv/ada", str(folder)):
        machine.path(Path(path)).chmod(0o755)
    load_checked_config(machine, text, "config.yaml")

    def check(path: Path | str, problem: str, hint: str) -> None:
        said = f"config.yaml:2: metrics.token.file: {path} {problem}; {hint} {path}"
        assert explain(machine, text) == said

    real = machine.path(folder / "token")
    real.chmod(0o660)
    os.chown(real, 0, 50)
    check(folder / "token", "can be changed by users other than root", "sudo chmod go-w")
    os.chown(real, 1000, 0)
    real.chmod(0o600)
    check(folder / "token", "belongs to a user other than root", "sudo chown root")
    os.chown(real, 0, 0)
    os.chown(machine.path(Path("/srv/ada")), 1000, 1000)
    problem = "belongs to a user other than root, who can put another file in the place of the secret"
    check("/srv/ada", problem, "sudo chown root")
    os.chown(machine.path(Path("/srv/ada")), 0, 1000)
    machine.path(Path("/srv/ada")).chmod(0o775)
    problem = "can be changed by users other than root, who can put another file in the place of the secret"
    check("/srv/ada", problem, "sudo chmod go-w")
    # where everybody has files, nobody can take away root's
    machine.path(Path("/srv/ada")).chmod(0o1777)
    load_checked_config(machine, text, "config.yaml")
    # a link in a folder of somebody's leads to it
    machine.path(Path("/srv/ada")).chmod(0o755)
    os.chown(machine.path(Path("/srv/ada")), 0, 0)
    (machine.path(Path("/srv")) / "theirs").mkdir()
    (machine.path(Path("/srv")) / "theirs/link").symlink_to("../ada/secrets/token")
    os.chown(machine.path(Path("/srv/theirs")), 1000, 1000)
    text = text.replace("ada/secrets/token", "theirs/link")
    check(
        "/srv/theirs",
        "belongs to a user other than root, who can put another file in the place of the secret",
        "sudo chown root",
    )


def test_every_problem_is_named_in_the_order_of_the_lines(machine: Machine) -> None:
    text = (
        "services:\n  managed:\n    grader:\n      api_token: {file: /etc/littlest/grader-token}\n"
        "https:\n  enabled: true\n  certificate: /etc/hub.pem\n  key: /etc/hub.key\n" + TEXT
    )
    places = [line.split(": there is")[0] for line in explain(machine, text).splitlines()]
    assert places == [
        "config.yaml:4: services.managed.grader.api_token.file",
        "config.yaml:7: https.certificate",
        "config.yaml:8: https.key",
        "config.yaml:12: metrics.token.file",
    ]


def test_no_secret_of_the_settings_is_overlooked() -> None:
    text = (
        "external_url: https://hub.example.org/\n"
        "auth: {type: github, client_id: a, client_secret: {file: /etc/github}}\n"
        "services: {managed: {grader: {api_token: {file: /etc/grader}}}}\n" + TEXT
    )
    assert [(place, secret.file) for place, secret in list_secrets(load_config(text, "config.yaml"))] == [
        (("auth", "client_secret"), "/etc/github"),
        (("services", "managed", "grader", "api_token"), "/etc/grader"),
        (("metrics", "token"), str(TOKEN)),
    ]


def test_the_settings_in_the_file_are_checked_as_well(machine: Machine) -> None:
    machine.write_file(paths.CONFIG_FILE, TEXT)
    with pytest.raises(InvalidConfig, match="there is no file"):
        load_active_config(machine)
    machine.write_file(TOKEN, "s3cret-token\n", mode=0o600)
    assert load_active_config(machine).metrics.token

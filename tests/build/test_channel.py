"""The channel for real: both environments installed from it, and everything in them started and checked."""

import asyncio
import base64
import csv
import hashlib
import json
import os
import re
import stat
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import rattler
from ruamel.yaml import YAML

pytestmark = [pytest.mark.build, pytest.mark.timeout(1800)]

REPOSITORY = Path(__file__).parents[2]
SITE_PACKAGES = "lib/python3.13/site-packages"


def build(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the channel's builder as scripts/build does."""
    command = [REPOSITORY / "scripts/environment", "build", "python", "-m", "builder.channel", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def install(channel: Path, prefix: Path, specs: Sequence[str]) -> list[str]:
    """Install specs from the channel into the prefix; returns the names of all packages."""

    async def run() -> list[str]:
        gateway = rattler.Gateway(cache_dir=prefix.parent / "repodata")
        records = await rattler.solve(
            [channel.as_uri()], list(specs), gateway=gateway, platforms=["linux-64", "noarch"], virtual_packages=[]
        )
        await rattler.install(records, target_prefix=prefix, cache_dir=prefix.parent / "cache", show_progress=False)
        return [record.name.normalized for record in records]

    return asyncio.run(run())


def run(prefix: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the prefix as on a server: nothing of this environment comes along."""
    home = prefix.parent / "home"
    home.mkdir(exist_ok=True)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [prefix / command[0], *command[1:]],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of both channels."""
    folder = tmp_path_factory.mktemp("channels")
    done = build("--hub", folder / "hub", "--user", folder / "user")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def hub(channels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hub environment, installed by the specs of construct.yaml."""
    prefix = tmp_path_factory.mktemp("hub") / "prefix"
    construct = YAML(typ="safe").load(REPOSITORY / "construct/construct.yaml")
    installed = install(channels / "hub", prefix, construct["specs"])
    assert len(installed) > 100
    return prefix


@pytest.fixture(scope="module")
def user(channels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user environment, installed as `littlest install` does it."""
    prefix = tmp_path_factory.mktemp("user") / "prefix"
    install(channels / "user", prefix, (channels / "user/environment.txt").read_text().splitlines())
    return prefix


@pytest.fixture(params=["hub", "user"])
def prefix(request: pytest.FixtureRequest) -> Path:
    """Each environment in turn."""
    found: Path = request.getfixturevalue(request.param)
    return found


def test_every_package_of_the_channel_is_asked_for(channels: Path, hub: Path, user: Path) -> None:
    for environment, name in ((hub, "hub"), (user, "user")):
        packages = {file.name.removesuffix(".conda") for file in (channels / name / "linux-64").glob("*.conda")}
        assert {file.stem for file in (environment / "conda-meta").glob("*.json")} == packages


def test_both_environments_share_the_versions_that_both_have(channels: Path) -> None:
    hub, user = ({file.name for file in (channels / name / "linux-64").glob("*.conda")} for name in ("hub", "user"))
    names = {name.rsplit("-", 2)[0] for name in hub} & {name.rsplit("-", 2)[0] for name in user}
    assert {name.rsplit("-", 2)[0] for name in hub & user} == names
    assert "python" in names


LOAD_ENTRY_POINTS = """
import importlib.metadata, sys
bad = []
count = 0
for distribution in importlib.metadata.distributions():
    for entry in distribution.entry_points:
        if entry.group not in ("console_scripts", "gui_scripts"):
            continue
        count += 1
        try:
            assert callable(entry.load())
        except BaseException as error:
            bad.append(f"{distribution.name}: {entry.name}: {error!r}")
print(count)
sys.exit("\\n".join(bad) or 0)
"""


def test_every_entry_point_resolves(prefix: Path) -> None:
    done = run(prefix, "bin/python", "-I", "-c", LOAD_ENTRY_POINTS)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) > 5


# the two that know no --help say how they are used in another way
HELP = {"pyftmerge": [], "ttx": ["-h"]}


def test_every_command_starts(prefix: Path) -> None:
    bad, count = [], 0
    for file in sorted((prefix / "bin").iterdir()):
        done = run(prefix, f"bin/{file.name}", *HELP.get(file.name, ["--help"]))
        count += 1
        shown = done.stdout + done.stderr
        if "Traceback" in shown or (done.returncode != 0 and "usage" not in shown.lower()):
            bad.append(f"{file.name}: {done.returncode}: {shown[-300:]}")
    assert not bad, "\n".join(bad)
    assert count > 10


def test_pip_finds_nothing_broken(prefix: Path, user: Path) -> None:
    # the hub environment has no pip of its own: nobody is to install anything there
    done = run(user, "bin/python", "-m", "pip", "--python", prefix / "bin/python", "check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() == "No broken requirements found."


def test_conda_agrees_with_the_wheels_about_what_is_needed(hub: Path) -> None:
    records = {file.name: json.loads(file.read_text()) for file in (hub / "conda-meta").glob("*.json")}
    installed = {record["name"] for record in records.values()}
    needed = {spec.split()[0] for record in records.values() for spec in record["depends"]}
    assert needed <= installed


def test_the_grammar_that_costs_two_seconds_is_nowhere(prefix: Path) -> None:
    assert not list(prefix.rglob("rfc3987_syntax*"))
    assert not list(prefix.rglob("lark"))
    for metadata in prefix.glob(f"{SITE_PACKAGES}/*.dist-info/METADATA"):
        lines = [line for line in metadata.read_text().split("\n") if line.startswith("Requires-Dist:")]
        assert not [line for line in lines if "format-nongpl]" in line], metadata


def test_a_format_check_still_works_without_it(hub: Path) -> None:
    program = (
        "import jupyter_events, jsonschema\n"
        "check = jsonschema.FormatChecker()\n"
        "assert check.conforms('2026-01-01T00:00:00Z', 'date-time')\n"
        "assert not check.conforms('yesterday', 'date-time')\n"
    )
    done = run(hub, "bin/python", "-I", "-c", program)
    assert done.returncode == 0, done.stderr


def test_the_kernel_is_the_environments_own(prefix: Path) -> None:
    kernel = json.loads((prefix / "share/jupyter/kernels/python3/kernel.json").read_text())
    assert kernel["argv"][0] == f"{prefix}/bin/python"
    assert os.access(kernel["argv"][0], os.X_OK)


def read_record(info: Path) -> Iterator[tuple[Path, str]]:
    with (info / "RECORD").open(newline="") as stream:
        for name, digest, _size in csv.reader(stream):
            yield info.parent / name, digest


def test_pip_sees_who_installed_what_and_that_it_is_whole(prefix: Path) -> None:
    infos = sorted((prefix / SITE_PACKAGES).glob("*.dist-info"))
    assert infos
    for info in infos:
        assert (info / "INSTALLER").read_text().strip() == "conda"
        for file, digest in read_record(info):
            assert file.exists(), file
            if digest:
                content = hashlib.sha256(file.read_bytes()).digest()
                assert digest == "sha256=" + base64.urlsafe_b64encode(content).decode().rstrip("="), file


def test_every_file_of_site_packages_has_an_owner(prefix: Path) -> None:
    owned = {
        os.path.normpath(file)
        for info in (prefix / SITE_PACKAGES).glob("*.dist-info")
        for file, _ in read_record(info)
    }
    present = {str(file) for file in (prefix / SITE_PACKAGES).rglob("*") if file.is_file()}
    assert present - owned <= {str(prefix / SITE_PACKAGES / "README.txt")}


def test_no_two_packages_bring_the_same_file(prefix: Path) -> None:
    owners: dict[str, str] = {}
    for file in sorted((prefix / "conda-meta").glob("*.json")):
        record = json.loads(file.read_text())
        for name in record["files"]:
            assert name not in owners, f"{name}: {owners[name]} and {record['name']}"
            owners[name] = record["name"]


def test_files_can_be_read_by_everybody_and_written_by_their_owner_only(prefix: Path) -> None:
    for file in prefix.rglob("*"):
        if "conda-meta" in file.parts:
            continue  # written by whatever installs, not ours
        if file.is_symlink():
            assert file.exists(), f"{file} leads nowhere"
            continue
        mode = stat.S_IMODE(file.stat().st_mode)
        assert not mode & 0o022, file
        assert mode & 0o444 == 0o444, file


def test_nothing_names_the_placeholder_or_the_builders_machine(prefix: Path) -> None:
    places = [str(REPOSITORY), os.environ["LITTLEST_CACHE"], "littlest_prefix_placeholder"]
    strangers = re.compile("|".join(map(re.escape, places)).encode())
    for file in prefix.rglob("*"):
        if file.is_file() and not file.is_symlink() and "conda-meta" not in file.parts:
            assert not strangers.search(file.read_bytes()), file


def test_starting_writes_nothing_and_compiles_nothing(hub: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in hub.rglob("*")}
    program = "import littlest, jupyterhub.app, jupyterlab.labapp, jupyter_server.serverapp, sqlalchemy, rattler"
    done = run(hub, "bin/python", "-I", "-v", "-c", program)
    assert done.returncode == 0, done.stderr[-2000:]
    compiled = [line for line in done.stderr.split("\n") if "code object from" in line and ".pyc" not in line]
    assert not [line for line in compiled if str(hub) in line]
    # a prefix that is not a day old was not touched by anything but this
    assert {file: file.stat().st_mtime_ns for file in hub.rglob("*")} == before


EXTENSIONS = """
import bz2, ctypes, curses, dbm.sqlite3, hashlib, lzma, pyexpat, readline, sqlite3, ssl, uuid, venv, zlib
import sys, sysconfig
assert ctypes.CDLL(None).getpid() > 0
assert uuid.uuid1() and hashlib.scrypt(b"a", salt=b"b", n=2, r=1, p=1)
assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED
with dbm.sqlite3.open(sys.argv[1], "c") as store:
    store["key"] = "value"
connection = sqlite3.connect(":memory:")
connection.execute("create virtual table t using fts5(words)")
connection.enable_load_extension(True)
print(sys.prefix, sys.base_prefix, sysconfig.get_config_var("prefix"), sysconfig.get_path("include"))
"""


def test_python_works_in_two_places(hub: Path, user: Path, tmp_path: Path) -> None:
    for place in (hub, user):
        done = run(place, "bin/python", "-I", "-c", EXTENSIONS, tmp_path / f"{place.parent.name}.db")
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == [str(place), str(place), str(place), f"{place}/include/python3.13"]


def test_python_brings_its_shared_libraries(hub: Path) -> None:
    files = [hub / "bin/python3.13", *(hub / "lib/python3.13/lib-dynload").glob("*.so")]
    files += (hub / "lib/python3.13/lib-bundled").iterdir()
    listing = subprocess.run(["ldd", *files], capture_output=True, text=True, check=True).stdout
    assert "not found" not in listing
    outside = {path for path in re.findall(r"=> (/\S+)", listing) if not path.startswith(str(hub))}
    names = {Path(path).name for path in outside}
    assert names <= {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "libgcc_s.so.1"}


def test_python_finds_the_certificates_of_other_distributions(hub: Path, tmp_path: Path) -> None:
    # where there is nothing at Debian's place, the other places are asked; the first that is there is loaded
    program = """
import os, ssl
asked = []
real = os.path.isfile
os.path.isfile = lambda path: asked.append(str(path)) or real(path)
ssl.create_default_context()
print("\\n".join(asked))
"""
    environment = {"SSL_CERT_FILE": str(tmp_path / "none"), "SSL_CERT_DIR": str(tmp_path / "nowhere")}
    done = subprocess.run(
        [hub / "bin/python", "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert "/etc/pki/tls/certs/ca-bundle.crt" in done.stdout.split("\n")


def test_it_starts_on_the_oldest_glibc_that_we_promise(hub: Path, user: Path) -> None:
    binary = re.compile(rb"GLIBC_2\.(\d+)\0")
    newest = 0
    for prefix in (hub, user):
        for file in [*prefix.glob("bin/*"), *prefix.rglob("*.so*")]:
            if file.is_file() and file.open("rb").read(4) == b"\x7fELF":
                newest = max([newest, *(int(minor) for minor in binary.findall(file.read_bytes()))])
    construct = YAML(typ="safe").load(REPOSITORY / "construct/construct.yaml")
    (promised,) = [spec for spec in construct["virtual_specs"] if spec.startswith("__glibc")]
    assert newest <= int(promised.rsplit(".", 1)[1])


def test_lab_finds_the_extensions_of_the_user_environment(hub: Path, user: Path) -> None:
    command = ["bin/python", "-I", "-m", "jupyter", "labextension", "list"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(hub.parent), "JUPYTER_PATH": f"{user}/share/jupyter"}
    done = subprocess.run(
        [hub / command[0], *command[1:]], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    listing = done.stdout + done.stderr
    assert f"{user}/share/jupyter/labextensions" in listing
    assert re.search(r"@jupyter-widgets/jupyterlab-manager.*enabled.*OK", listing)


def test_the_proxy_and_its_interpreter_start(hub: Path) -> None:
    assert run(hub, "bin/node", "--version").stdout.startswith("v")
    script = hub / "lib/node_modules/configurable-http-proxy/bin/configurable-http-proxy"
    for command in (["bin/configurable-http-proxy", "--version"], ["bin/node", script, "--version"]):
        done = run(hub, *command)
        assert done.returncode == 0, done.stderr
        assert re.fullmatch(r"\d+\.\d+\.\d+\n", done.stdout)


def test_a_second_build_takes_seconds_and_gives_the_same_channels(channels: Path, tmp_path: Path) -> None:
    done = build("--hub", tmp_path / "elsewhere/hub", "--user", tmp_path / "elsewhere/user")
    assert done.returncode == 0, done.stderr
    for name in ("hub/linux-64", "hub/noarch", "user/linux-64", "user/noarch"):
        ours, theirs = channels / name / "repodata.json", tmp_path / "elsewhere" / name / "repodata.json"
        assert ours.read_bytes() == theirs.read_bytes()
    assert not re.search(r"(compiling|packing) CPython", done.stderr)


def test_a_class_gets_its_own_packages(tmp_path: Path) -> None:
    file = tmp_path / "environment.yml"
    file.write_text("name: class\ndependencies:\n- python=3.13\n- typing_extensions>=4\n- pip:\n  - six\n")
    done = build("--user", tmp_path / "user", "--user-env", file)
    assert done.returncode == 0, done.stderr
    specs = (tmp_path / "user/environment.txt").read_text().splitlines()
    assert [spec.split("==")[0] for spec in specs] == ["python", "ipykernel", "pip", "six", "typing_extensions"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() in (tmp_path / "user/environment.lock").read_text()
    prefix = tmp_path / "prefix"
    assert "numpy" not in install(tmp_path / "user", prefix, specs)
    assert run(prefix, "bin/python", "-I", "-c", "import six, typing_extensions, ipykernel, pip").returncode == 0


def test_a_package_without_a_wheel_is_named(tmp_path: Path) -> None:
    file = tmp_path / "environment.yml"
    file.write_text("dependencies:\n- six\n- r-base\n")
    done = build("--user", tmp_path / "user", "--user-env", file)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.split("\n") if "there is no wheel" in line]
    assert "r-base" in line
    assert "six" not in line
    assert "Traceback" not in done.stderr

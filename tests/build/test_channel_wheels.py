"""Wheels become conda packages: on small made-up wheels, in seconds, without the channel."""

import base64
import csv
import dataclasses
import hashlib
import io
import json
import os
import stat
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import rattler
import zstandard
from builder import debian
from builder.cache import RECIPES
from builder.conda_package import PLACEHOLDER, PackageName, PackageSpec, read_index, write_package, write_repodata
from builder.locks import WHEEL_GLIBC_MINOR
from builder.requirements import (
    TARGET,
    change_requirements,
    conda_name,
    list_asked,
    make_depends,
    read_distribution,
    translate_specifiers,
)
from builder.user_environment import read_user_environment, translate_conda_spec
from builder.wheels import SITE_PACKAGES, Wheel, install_wheel
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from ruamel.yaml import YAML

NAMES = {"jupyter-client": "jupyter_client", "ruamel-yaml": "ruamel.yaml"}


def make_wheel(folder: Path, files: dict[str, str], name: str = "demo", requires: tuple[str, ...] = ()) -> Wheel:
    """A wheel with these files and a right RECORD."""
    info = f"{name}-1.0.dist-info"
    metadata = "".join(f"Requires-Dist: {line}\n" for line in requires)
    contents = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{metadata}\nRequires-Dist: text\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = io.StringIO()
    for path, content in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).decode().rstrip("=")
        record.write(f"{path},sha256={digest},{len(content)}\n")
    record.write(f"{info}/RECORD,,\n")
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, content in (contents | {f"{info}/RECORD": record.getvalue()}).items():
            archive.writestr(path, content)
    return Wheel(wheel, "0" * 64, {})


def depends(requires: tuple[str, ...], others: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What a wheel with these requirements depends on; the others are `name==version: requirement; requirement`."""
    metadata = "Name: demo\nVersion: 1.0\n" + "".join(f"Requires-Dist: {line}\n" for line in requires)
    wheel = read_distribution(metadata)
    found = {}
    for other in others:
        head, _, rest = other.partition(": ")
        name, version = head.split("==")
        lines = "".join(f"Requires-Dist: {line}\n" for line in rest.split(" & ") if line)
        distribution = read_distribution(f"Name: {name}\nVersion: {version}\n{lines}\n")
        found[distribution.name] = distribution
    return make_depends(wheel, {**found, wheel.name: wheel}, NAMES)


@pytest.mark.parametrize(
    ("pep440", "conda"),
    [
        ("", ""),
        (">=1.0", ">=1.0"),
        ("~=1.4.2", ">=1.4.2,1.4.*"),
        ("~=1.4", ">=1.4,1.*"),
        ("==1.4.*", "1.4.*"),
        ("!=1.4.*", "!=1.4.*"),
        ("==1.4", "==1.4"),
        ("===1.4", "==1.4"),
        (">=1,<2", ">=1,<2a0"),
        ("<2rc1", "<2rc1"),
        ("!=1.5,>=1.2,<3", ">=1.2,!=1.5,<3a0"),
        ("~=1!2.3", ">=1!2.3,1!2.*"),
        (">=1.0.POST1", ">=1.0.post1"),
        ("==v1.0-alpha.1", "==1.0a1"),
    ],
)
def test_versions_are_translated(pep440: str, conda: str) -> None:
    assert translate_specifiers(SpecifierSet(pep440)) == conda


@pytest.mark.parametrize(
    ("specifier", "inside", "outside"),
    [
        ("~=1.4.2", "1.4.9", "1.5.0"),
        ("<2", "1.9.9", "2rc1"),
        ("==1.4.*", "1.4.7", "1.40"),
        ("==1.4", "1.4.0", "1.4.1"),
    ],
)
def test_translated_versions_mean_the_same_to_rattler(specifier: str, inside: str, outside: str) -> None:
    spec = rattler.VersionSpec(translate_specifiers(SpecifierSet(specifier)))
    assert spec.matches(rattler.Version(inside))
    assert not spec.matches(rattler.Version(outside))


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("other; sys_platform == 'win32'", ()),
        ("other; sys_platform == 'linux'", ("other",)),
        ("other; python_version < '3.11'", ()),
        ("other>=1; python_full_version >= '3.13.1' and platform_machine == 'x86_64'", ("other >=1",)),
        ("other; platform_python_implementation == 'PyPy'", ()),
        ("other; extra == 'test'", ()),
        ("Other", ("other",)),
        ("jupyter.client>=0.5", ("jupyter_client >=0.5",)),
    ],
)
def test_markers_are_those_of_the_target(requirement: str, expected: tuple[str, ...]) -> None:
    assert depends((requirement,), ("other==1.0", "jupyter-client==1.0")) == expected


def test_an_extra_brings_its_packages() -> None:
    others = ("lib==2: base & fast>=1; extra == 'speed' & slow; extra == 'safe'", "base==1", "fast==1", "slow==1")
    assert depends(("lib[speed]>=1",), others) == ("fast >=1", "lib >=1")


def test_an_extra_of_an_extra_is_followed() -> None:
    others = (
        "lib==2: lib[a,b]; extra == 'all' & x; extra == 'a' & y[z]; extra == 'b'",
        "x==1",
        "y==1: w; extra == 'z'",
        "w==1",
    )
    assert depends(("lib[all]",), others) == ("lib", "w", "x", "y")


def test_a_class_gets_the_packages_of_the_extras_that_it_asks_for() -> None:
    asked = tuple(map(Requirement, ("Lib[speed]", "other ; sys_platform == 'win32'", "more")))
    metadata = (
        "Name: lib\nVersion: 2\nRequires-Dist: base\nRequires-Dist: fast; extra == 'speed'\n",
        "Name: more\nVersion: 1\n",
    )
    others = {found.name: found for found in map(read_distribution, metadata)}
    assert list_asked(asked, others) == ["fast", "lib", "more"]


def test_a_package_that_the_lock_lacks_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"demo needs lost>=1, which the lock does not have"):
        depends(("lost>=1",))


def test_a_version_that_is_not_asked_for_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"demo needs other>=2, but the lock has other 1"):
        depends(("other>=2",), ("other==1",))


def test_a_requirement_is_changed_in_the_headers_only() -> None:
    metadata = "Name: demo\nRequires-Dist: lib[a] >= 1\nRequires-Dist: x\n\nRequires-Dist: lib[a]>=1\n"
    changed = change_requirements(metadata, {"lib[a]>=1": ["lib>=1", "y"]})
    assert (
        changed
        == "Name: demo\nRequires-Dist: lib>=1\nRequires-Dist: y\nRequires-Dist: x\n\nRequires-Dist: lib[a]>=1\n"
    )


def test_a_change_that_no_longer_applies_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"lib\[a\]>=1"):
        change_requirements("Name: demo\nRequires-Dist: lib[a]>=2\n\n", {"lib[a]>=1": []})


def test_names_of_conda_forge() -> None:
    assert conda_name("ruamel.yaml", NAMES) == "ruamel.yaml"
    assert conda_name("Jupyter_Client", NAMES) == "jupyter_client"
    assert conda_name("Typing_Extensions", {}) == "typing-extensions"


def test_every_folder_of_a_wheel_goes_where_it_belongs(tmp_path: Path) -> None:
    files = {
        "demo/__init__.py": "VALUE = 42\n",
        "demo-1.0.data/purelib/pure.py": "",
        "demo-1.0.data/platlib/plat.py": "",
        "demo-1.0.data/data/share/demo/data.txt": "data",
        "demo-1.0.data/data/etc/demo.conf": "conf",
        "demo-1.0.data/headers/demo.h": "",
        "demo-1.0.data/scripts/tool": "#!python -s\nprint('tool')\n",
        "demo-1.0.data/scripts/window": "#!pythonw\nprint('window')\n",
        "demo-1.0.data/scripts/shell": "#!/bin/sh\necho shell\n",
        "demo-1.0.dist-info/entry_points.txt": "[console_scripts]\nDemo-run = demo:main.go [extra]\n"
        "[gui_scripts]\ndemo-gui=demo.gui:start\n[other.group]\na = b\n",
    }
    tree = tmp_path / "tree"
    rewritten = install_wheel(make_wheel(tmp_path, files), tree, Path(sys.executable))
    for name in ("demo/__init__.py", "pure.py", "plat.py", "demo-1.0.dist-info/METADATA"):
        assert (tree / SITE_PACKAGES / name).is_file()
    for name in ("share/demo/data.txt", "etc/demo.conf", "include/python3.13/demo/demo.h"):
        assert (tree / name).is_file()
    assert not list(tree.rglob("*.data"))
    assert rewritten == {"bin/tool", "bin/window", "bin/Demo-run", "bin/demo-gui"}
    assert (tree / "bin/tool").read_text() == f"#!{PLACEHOLDER}/bin/python -s\nprint('tool')\n"
    assert (tree / "bin/window").read_text().startswith(f"#!{PLACEHOLDER}/bin/python\n")
    assert (tree / "bin/shell").read_text() == "#!/bin/sh\necho shell\n"
    assert "from demo import main\n" in (tree / "bin/Demo-run").read_text()
    assert "sys.exit(main.go())" in (tree / "bin/Demo-run").read_text()
    assert all(os.access(file, os.X_OK) for file in (tree / "bin").iterdir())
    assert (tree / SITE_PACKAGES / "demo-1.0.dist-info/INSTALLER").read_text() == "conda\n"


def test_a_command_that_could_not_start_is_left_out(tmp_path: Path) -> None:
    entry_points = "[console_scripts]\nrun = demo:x\nrun-more=demo:y\n"
    wheel = make_wheel(tmp_path, {"demo.py": "", "demo-1.0.dist-info/entry_points.txt": entry_points})
    install_wheel(dataclasses.replace(wheel, left_out=("run",)), tmp_path / "tree", Path(sys.executable))
    assert [file.name for file in (tmp_path / "tree/bin").iterdir()] == ["run-more"]
    (info,) = (tmp_path / "tree").rglob("entry_points.txt")
    assert info.read_text() == "[console_scripts]\nrun-more=demo:y\n"


def test_record_lists_what_is_there_and_no_hash_of_what_changes(tmp_path: Path) -> None:
    files = {"demo.py": "x = 1\n", "demo-1.0.dist-info/entry_points.txt": "[console_scripts]\nrun = demo:x\n"}
    tree = tmp_path / "tree"
    install_wheel(make_wheel(tmp_path, files), tree, Path(sys.executable))
    site = tree / SITE_PACKAGES
    with (site / "demo-1.0.dist-info/RECORD").open(newline="") as stream:
        rows = {row[0]: row[1:] for row in csv.reader(stream)}
    present = {os.path.relpath(file, site) for file in tree.rglob("*") if file.is_file()}
    assert set(rows) == present
    assert rows["../../../bin/run"] == ["", ""]
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"x = 1\n").digest()).decode().rstrip("=")
    assert rows["demo.py"] == [f"sha256={digest}", "6"]
    assert any(name.endswith(".pyc") for name in rows)


def test_bytecode_is_used_though_the_source_is_newer_and_is_the_same_each_time(tmp_path: Path) -> None:
    made = []
    for name in ("one", "another/folder"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        wheel = make_wheel(folder, {"demo.py": "x = {'a', 'b', 'c'}\n", "template.py": "{{ no python }}\n"})
        install_wheel(wheel, folder / "tree", Path(sys.executable))
        (cached,) = (folder / "tree").rglob("demo*.pyc")
        made.append(cached.read_bytes())
        os.utime(folder / "tree" / SITE_PACKAGES / "demo.py", (2e9, 2e9))
        program = f"import sys; sys.path.insert(0, {str(cached.parents[1])!r}); import demo"
        command = [sys.executable, "-I", "-v", "-c", program]
        shown = subprocess.run(command, capture_output=True, text=True, check=True)
        assert f"code object from '{cached}'" in shown.stderr
    assert made[0] == made[1]


def test_a_kernel_starts_with_the_interpreter_of_its_own_environment(tmp_path: Path) -> None:
    kernels = "demo-1.0.data/data/share/jupyter/kernels"
    files = {
        f"{kernels}/python3/kernel.json": '{"argv": ["python", "-m", "ipykernel_launcher"]}',
        f"{kernels}/other/kernel.json": '{"argv": ["/usr/bin/R"]}',
    }
    tree = tmp_path / "tree"
    rewritten = install_wheel(make_wheel(tmp_path, files), tree, Path(sys.executable))
    assert rewritten == {"share/jupyter/kernels/python3/kernel.json"}
    kernel = json.loads((tree / "share/jupyter/kernels/python3/kernel.json").read_text())
    assert kernel["argv"] == [f"{PLACEHOLDER}/bin/python", "-m", "ipykernel_launcher"]


def test_a_wheel_that_was_changed_is_refused(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, {"demo.py": "good\n"})
    with zipfile.ZipFile(wheel.file) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(wheel.file, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content.replace(b"good", b"evil"))
    with pytest.raises(ValueError, match=r"demo\.py is not what its RECORD says"):
        install_wheel(wheel, tmp_path / "tree", Path(sys.executable))


@pytest.mark.parametrize("path", ["../../../../../outside.py", "demo-1.0.data/data/../../outside"])
def test_a_wheel_cannot_write_outside_the_prefix(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="outside the prefix"):
        install_wheel(make_wheel(tmp_path, {path: "x"}), tmp_path / "tree", Path(sys.executable))
    assert not list(tmp_path.rglob("outside*"))


def make_tree(folder: Path) -> Path:
    """A small prefix: a text to rewrite, a binary, a link."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/run").write_text(f"#!{PLACEHOLDER}/bin/python\n")
    (folder / "bin/run").chmod(0o755)
    (folder / "bin/link").symlink_to("run")
    (folder / "data").write_bytes(b"\0\1\2")
    return folder


SPEC = PackageSpec(PackageName("demo", "1.0", "h0_0"), ("python 3.13.*",), rewritten=frozenset({"bin/run"}))


def test_a_package_has_the_same_bytes_wherever_it_is_made(tmp_path: Path) -> None:
    made = []
    for number, umask in enumerate((0o022, 0o077)):
        old = os.umask(umask)
        try:
            tree = make_tree(tmp_path / f"folder-{number}" / "tree")
            os.utime(tree / "data", (number, number))
            write_package(SPEC, tree, tree.parent / "demo-1.0-h0_0.conda")
        finally:
            os.umask(old)
        made.append((tree.parent / "demo-1.0-h0_0.conda").read_bytes())
    assert made[0] == made[1]


def test_a_package_says_what_is_in_it(tmp_path: Path) -> None:
    channel = tmp_path / "channel/linux-64"
    channel.mkdir(parents=True)
    package = channel / "demo-1.0-h0_0.conda"
    write_package(SPEC, make_tree(tmp_path / "tree"), package)
    write_repodata(channel.parent)
    assert read_index(package)["depends"] == ["python 3.13.*"]
    entry = json.loads((channel / "repodata.json").read_text())["packages.conda"][package.name]
    assert entry["sha256"] == hashlib.sha256(package.read_bytes()).hexdigest()
    assert entry["size"] == package.stat().st_size
    with zipfile.ZipFile(package) as archive:
        stream = io.BytesIO(archive.read("pkg-demo-1.0-h0_0.tar.zst"))
    content = zstandard.ZstdDecompressor().stream_reader(stream).read()
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        modes = {member.name: stat.S_IMODE(member.mode) for member in tar if member.isfile()}
    assert modes == {"bin/run": 0o755, "data": 0o644}


def test_a_forgotten_placeholder_is_an_error(tmp_path: Path) -> None:
    tree = make_tree(tmp_path / "tree")
    (tree / "forgotten").write_text(f"prefix = {PLACEHOLDER}\n")
    with pytest.raises(ValueError, match="forgotten mentions the placeholder"):
        write_package(SPEC, tree, tmp_path / "demo-1.0-h0_0.conda")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("numpy", "numpy"),
        ("numpy=2.1", "numpy==2.1.*"),
        ("numpy==2.1", "numpy==2.1"),
        ("numpy 2.1", "numpy==2.1"),
        ("numpy 2.1.*", "numpy==2.1.*"),
        ("numpy=2.1.*", "numpy==2.1.*"),
        ("numpy >=2,<3", "numpy<3,>=2"),
        ("numpy >= 2, < 3", "numpy<3,>=2"),
        ("conda-forge::jupyter_client", "jupyter-client"),
        ("numpy=2.1=py313h0_0", "numpy==2.1.*"),
        ("python=3.13", None),
        ("python >=3.10", None),
        ("python", None),
    ],
)
def test_what_environment_yml_asks_for(spec: str, expected: str | None) -> None:
    found = translate_conda_spec(spec, NAMES, "environment.yml")
    assert (None if found is None else Requirement(str(found))) == (
        None if expected is None else Requirement(expected)
    )


def test_another_python_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"environment\.yml: the servers have Python 3\.13, so `python=3\.11`"):
        translate_conda_spec("python=3.11", NAMES, "environment.yml")


def test_a_class_file_is_read_with_the_files_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("scipy ; sys_platform == 'linux'\n")
    (tmp_path / "requirements.txt").write_text("# for the class\nnumpy>=2  # fast\n\n-r more.txt\n")
    found = read_user_environment(tmp_path / "requirements.txt", NAMES)
    assert [requirement.name for requirement in found] == ["numpy", "scipy"]


def test_environment_yml_is_read_with_its_pip_list(tmp_path: Path) -> None:
    file = tmp_path / "environment.yml"
    file.write_text(
        "name: class\nchannels: [conda-forge]\ndependencies:\n- python=3.13\n- numpy=2\n- pip:\n  - scipy>=1\n"
    )
    assert [str(requirement) for requirement in read_user_environment(file, NAMES)] == ["numpy==2.*", "scipy>=1"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("requirements.txt", "--index-url somewhere\n", "this is no package's name and version"),
        ("requirements.txt", "demo @ file:///demo.whl\n", "not an address"),
        ("environment.yml", "name: class\n", "no list called `dependencies`"),
        ("environment.yml", "dependencies: [numpy", "not valid YAML"),
        ("environment.yml", "dependencies:\n- conda: [x]\n", "this is no package"),
        ("environment.yml", "dependencies:\n- numpy=1.2|1.3\n", "this version cannot be asked for"),
    ],
)
def test_a_class_file_that_we_cannot_read_says_so(tmp_path: Path, name: str, content: str, words: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=words) as raised:
        read_user_environment(tmp_path / name, NAMES)
    assert str(raised.value).startswith(name)


def test_a_class_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no file"):
        read_user_environment(tmp_path / "nosuch.txt", NAMES)


def test_the_target_of_the_markers_is_the_python_that_is_locked() -> None:
    version = YAML(typ="safe").load(RECIPES / "python/source.yaml")["version"].split("-")[0]
    assert TARGET["python_full_version"] == TARGET["implementation_version"] == version


def test_wheels_are_for_no_newer_glibc_than_construct_yaml_promises() -> None:
    construct = YAML(typ="safe").load(RECIPES.parent / "construct/construct.yaml")
    assert f"__glibc >=2.{WHEEL_GLIBC_MINOR}" in construct["virtual_specs"]


def test_the_source_is_asked_for_in_the_version_that_is_locked() -> None:
    locked = YAML(typ="safe").load(RECIPES / "python/source.yaml")
    assert debian.find_version(locked["package"], locked["files"]) == locked["version"]

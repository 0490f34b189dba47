"""construct.yaml: the real one, and what the packer refuses rather than ignores."""

import re
from pathlib import Path, PurePosixPath

import pytest
from builder.build import CONSTRUCTOR
from builder.construct import ConstructError, read_construct
from ruamel.yaml import YAML

import littlest

FILE = Path(__file__).resolve().parents[2] / "construct" / "construct.yaml"
SMALL = """\
name: Littlest
version: 1.2
channels:
  - ./build/channel
specs:
  - python
virtual_specs:
  - __glibc >=2.17
default_prefix: /opt/x
batch_mode: true
register_envs: false
initialize_conda: false
post_install: post_install.sh
"""


def read(tmp_path: Path, text: str) -> object:
    (tmp_path / "construct").mkdir()
    path = tmp_path / "construct" / "construct.yaml"
    path.write_text(text)
    return read_construct(path)


def test_it_names_the_version_of_the_package() -> None:
    construct = read_construct(FILE)
    assert construct.version == littlest.__version__
    assert construct.default_prefix == PurePosixPath(f"/opt/littlest/releases/{littlest.__version__}")
    assert f"littlest =={littlest.__version__}" in construct.specs


def test_it_names_every_part_of_the_hub() -> None:
    names = {spec.split()[0] for spec in read_construct(FILE).specs}
    assert names >= {
        "python",
        "jupyterhub",
        "jupyterhub-systemdspawner",
        "bcrypt",
        "jupyterhub-nativeauthenticator",
        "oauthenticator",
        "jupyterhub-ldapauthenticator",
        "jupyterhub-idle-culler",
        "configurable-http-proxy",
        "jupyterlab",
        "notebook",
        "nbgitpuller",
        "jupyter-resource-usage",
        "pydantic",
        "typer",
        "ruamel.yaml",
        "rich",
        "py-rattler",
        "certbot",
        "littlest",
    }


def test_no_line_is_a_selector_for_constructor() -> None:
    # constructor drops such a line, or says that it cannot understand it
    selector = re.compile(r"(.+?)\s*(#.*)?\[([^\[\]]+)\](?(2)[^\(\)]*)$")
    for line in FILE.read_text().splitlines():
        assert line.lstrip().startswith("#") or not selector.match(line.rstrip()), line


def test_lists_are_in_block_style() -> None:
    document = YAML().load(FILE.read_text())
    assert all(not value.fa.flow_style() for value in document.values() if hasattr(value, "fa"))


def test_paths_are_absolute_and_channels_stand_at_the_top(tmp_path: Path) -> None:
    construct = read(tmp_path, SMALL + "extra_files:\n  - a.txt\n  - ../build/b.tar: share/b.tar\n")
    assert construct.channels == (tmp_path / "build/channel",)
    assert construct.version == "1.2"
    folder = tmp_path / "construct"
    assert construct.extra_files == (
        (folder / "a.txt", PurePosixPath("a.txt")),
        (folder / "../build/b.tar", PurePosixPath("share/b.tar")),
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("batch_mode: true", "batch_mode: true\nlicense_file: x\nwelcome_text: y"), "license_file, welcome_text"),
        (("batch_mode: true", "batch_mode: false"), "batch_mode: the packer can do true only"),
        (("initialize_conda: false", "initialize_conda: true"), "initialize_conda"),
        (("post_install: post_install.sh\n", ""), "post_install is missing"),
        (("__glibc >=2.17", "__cuda >=12"), "virtual_specs"),
        (("  - __glibc >=2.17", "  - __glibc >=2.17\n  - __linux"), "virtual_specs"),
        (("/opt/x", "opt/x"), "default_prefix"),
        (("1.2", "1-2"), "version"),
        (("batch_mode: true", "batch_mode: true\nkeep_pkgs: true"), "keep_pkgs: the packer can do false only"),
        (("batch_mode: true", "batch_mode: true\ninstaller_type: docker"), "installer_type"),
        (("batch_mode: true", "batch_mode: true\nextra_files:\n  - a: ../b"), "leaves the prefix"),
        (("batch_mode: true", "batch_mode: true\nbuild_outputs:\n  - licenses"), "the packer cannot make licenses"),
        (("name: Littlest", "- Littlest"), "construct.yaml"),
    ],
)
def test_what_would_not_be_honoured_is_an_error(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    assert change[0] in SMALL
    with pytest.raises(ConstructError, match=re.escape(says)):
        read(tmp_path, SMALL.replace(*change, 1))


def test_the_command_for_constructor_is_the_same_everywhere() -> None:
    for name in ("README.md", "environment.yml"):
        assert CONSTRUCTOR in (FILE.parents[1] / name).read_text(), name

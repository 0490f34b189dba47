"""Extensions of JupyterLab whose other half would run in the notebook server, which has no such extension."""

import json
import sys
from pathlib import Path

import pytest
from jupyterlab_server import config

from littlest.server.extensions import find_halves, list_extensions_of_servers
from littlest.server.lab_extensions import _make_note, leave_out_halves


def install(
    prefix: Path, package: str, lab: str = "", module: str = "", requires: tuple[str, ...] = (), server: str = ""
) -> None:
    """Put what pip puts there."""
    record = ["x/__init__.py,,"]
    if lab:
        folder = prefix / "share/jupyter/labextensions" / lab
        folder.mkdir(parents=True)
        discovery = {"discovery": {"server": {"base": {"name": server}}}} if server else {}
        about = {"name": lab, "version": "1", "jupyterlab": {"_build": {"load": "x.js"}, **discovery}}
        (folder / "package.json").write_text(json.dumps(about))
        record.append(f"../../../share/jupyter/labextensions/{lab}/package.json,sha256=x,10")
    if module:
        folder = prefix / "etc/jupyter/jupyter_server_config.d"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{module}.json").write_text(json.dumps({"ServerApp": {"jpserver_extensions": {module: True}}}))
        record.append(f"../../../etc/jupyter/jupyter_server_config.d/{module}.json,sha256=x,10")
    info = prefix / f"lib/python3.13/site-packages/{package}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "RECORD").write_text("\n".join(record))
    lines = [f"Requires-Dist: {one}" for one in requires]
    (info / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", f"Name: {package}", *lines, ""]))


def test_what_needs_a_server_extension_is_found_and_nothing_else(tmp_path: Path) -> None:
    install(tmp_path, "jupyterlab_git", "@jupyterlab/git", "jupyterlab_git", ("nbdime~=4.0", "gitpython"))
    install(tmp_path, "nbdime", "nbdime-jupyterlab", "nbdime")
    install(tmp_path, "dask_labextension", "dask-labextension", requires=("jupyter-server-proxy>=1.3",))
    install(tmp_path, "jupyter_server_proxy", module="jupyter_server_proxy")
    # of an environment in which the package with the other half was left out
    install(tmp_path, "frontend", "@x/frontend", server="x-backend")
    # these work
    install(tmp_path, "jupyterlab_widgets", "@jupyter-widgets/jupyterlab-manager")
    install(tmp_path, "jupyter_resource_usage", "@jupyter-server/resource-usage", "jupyter_resource_usage")
    install(tmp_path, "theme", "@x/theme", requires=('jupyter-server-proxy; extra == "test"', "numpy"))
    install(tmp_path, "viewer", "@x/viewer", server="plainlib")
    install(tmp_path, "plainlib")
    assert find_halves(tmp_path, {"jupyter_resource_usage"}) == {
        "@jupyterlab/git": "jupyterlab-git",
        "nbdime-jupyterlab": "nbdime",
        "dask-labextension": "dask-labextension",
        "@x/frontend": "frontend",
    }


def test_an_environment_without_any_or_with_broken_files_leaves_out_nothing(tmp_path: Path) -> None:
    assert find_halves(tmp_path, set()) == {}
    install(tmp_path, "broken", "broken", "broken")
    (tmp_path / "etc/jupyter/jupyter_server_config.d/broken.json").write_text("[")
    (tmp_path / "share/jupyter/labextensions/odd").mkdir()
    (tmp_path / "share/jupyter/labextensions/odd/package.json").write_text('{"jupyterlab": 5}')
    assert find_halves(tmp_path, set()) == {}


def test_servers_have_the_extensions_of_their_release_and_ours(tmp_path: Path) -> None:
    install(tmp_path, "nbgitpuller", module="nbgitpuller")
    install(tmp_path, "jupyterlab", module="jupyterlab")
    found = list_extensions_of_servers(tmp_path)
    assert {"jupyterlab", "littlest.server.activity"} <= found
    assert "nbgitpuller" not in found


def test_lab_loads_only_what_works_and_tells_who_can_remove_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "get_federated_extensions", config.get_federated_extensions)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "release"))
    user = tmp_path / "user"
    install(user, "jupyterlab_git", "@jupyterlab/git", "jupyterlab_git")
    install(user, "jupyterlab_widgets", "widgets")
    left_out = leave_out_halves()
    assert _make_note(left_out) == ""
    page = config.get_page_config([str(user / "share/jupyter/labextensions")])
    assert [one["name"] for one in page["federated_extensions"]] == ["widgets"]
    note = _make_note(left_out)
    assert "@jupyterlab/git" in note
    assert "pip uninstall jupyterlab-git" in note
    monkeypatch.setattr("os.access", lambda *_: False)
    assert _make_note(left_out) == ""

"""Languages of JupyterLab that an admin installed into the user environment."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from jupyterlab_server import translation_utils

from littlest.server import language_packs


def install(packages: Path, name: str, language: str, entry: str) -> None:
    info = packages / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[jupyterlab.languagepack]\n{language} = {entry}\n")


def test_a_language_pack_of_the_user_environment_is_offered_and_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / "lib/python3.13/site-packages"
    install(packages, "jupyterlab_language_pack_de_DE", "de_DE", "jupyterlab_language_pack_de_DE")
    install(packages, "broken", "fr_FR", "not_there")
    texts = packages / "jupyterlab_language_pack_de_DE/locale/de_DE/LC_MESSAGES"
    texts.mkdir(parents=True)
    # it belongs to another Python, and must not be imported
    (packages / "jupyterlab_language_pack_de_DE/__init__.py").write_text("raise SystemExit\n")
    (texts / "jupyterlab.json").write_text(json.dumps({"": {}, "File": ["Datei"]}))
    monkeypatch.setenv("JUPYTER_PATH", f"{tmp_path}/share/jupyter")
    original = translation_utils._get_installed_language_pack_locales
    monkeypatch.setattr(translation_utils, "_get_installed_language_pack_locales", original)
    assert "de_DE" not in translation_utils.get_language_packs()[0]

    language_packs._load_jupyter_server_extension(SimpleNamespace())
    packs, message = translation_utils.get_language_packs()
    assert (sorted(packs), message) == (["de_DE", "en"], "")
    texts_read, message = translation_utils.get_language_pack("de_DE")
    assert (texts_read["jupyterlab"]["File"], message) == (["Datei"], "")


def test_a_user_environment_that_is_broken_or_missing_has_none(tmp_path: Path) -> None:
    assert language_packs.find_language_packs(tmp_path / "missing") == {}
    (tmp_path / "lib/python3.13/site-packages/x.dist-info").mkdir(parents=True)
    assert language_packs.find_language_packs(tmp_path) == {}

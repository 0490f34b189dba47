"""A folder that others may write to: what they leave there does not run as the user who works in it."""

import pytest

from tests.support.server import Server

SETTINGS = """\
users: {admin: [admin], allowed: [eve, ada]}
shared_folders: {exchange: {writable: true}}
user_environment: {working_directory: /srv/littlest/exchange}
"""
TRAP = "open('/tmp/trap', 'w').close()\n"
TEMPLATE = "{{ cycler.__init__.__globals__.os.system('touch /tmp/trap') }}"
NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
LEAVE = f"""
import os, pathlib
top = pathlib.Path("/srv/littlest/exchange")
for name in ("psutil", "numpy", "jupyter_server_config", "ipython_config", "ipython_kernel_config"):
    (top / f"{{name}}.py").write_text({TRAP!r})
for name in ("lab", "classic", "base"):
    (top / name).mkdir(exist_ok=True)
    (top / name / "conf.json").write_text('{{"base_template": "base", "mimetypes": {{"text/html": true}}}}')
    (top / name / "index.html.j2").write_text({TEMPLATE!r})
(top / "hw.ipynb").write_text({NOTEBOOK!r})
(top / "helper.py").write_text("answer = 42")
os.symlink("/home/jupyter-ada/.bashrc", top / "notes.txt")
os.symlink("helper.py", top / "other.py")
"""
LOOK = """
import os, pathlib
import numpy, helper
print(sorted(path.name for path in pathlib.Path("/srv/littlest/exchange").iterdir() if path.is_symlink()))
print(helper.answer, os.path.exists("/tmp/trap"), os.getcwd())
"""


@pytest.mark.timeout(400)
def test_what_a_classmate_left_beside_a_notebook_does_not_run(own_server: Server) -> None:
    server = own_server
    server.configure(SETTINGS)
    server.wait_until_ready()
    server.use("eve", LEAVE)

    async def work() -> tuple[int, str]:
        async with server.client("ada") as ada:
            await ada.login()
            await ada.start_server()
            await ada.open_lab()
            kernel = {"path": "hw.ipynb", "name": "", "type": "notebook", "kernel": {"name": "python3"}}
            status, session = await ada.server("POST", "api/sessions", kernel)
            assert status == 201, session
            # Lab asks how much memory the kernel uses
            await ada.server("GET", f"api/metrics/v1/kernel_usage/get_usage/{session['kernel']['id']}")
            status, page = await ada.get(f"{ada.server_path}nbconvert/html/hw.ipynb")
            assert "<html" in page, page
            return status, await ada.execute(LOOK)

    status, said = server.run(work())
    assert status == 200, said
    # the keeper has been there meanwhile, or comes within seconds
    links, found = said.strip().splitlines()
    assert found == "42 False /srv/littlest/exchange"
    server.machine.run("timeout 60 sh -c 'while [ -L /srv/littlest/exchange/notes.txt ]; do sleep 1; done'")
    assert "other.py" in links
    assert server.machine.run("test -L /srv/littlest/exchange/other.py", check=False).returncode == 0

"""What a student's server cannot reach, and what works in it all the same."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.support.server import Server


@pytest.fixture(scope="module", autouse=True)
def people(server: Server) -> Iterator[None]:
    """Eve and Ada have servers; the next file's tests find none running."""
    server.add_users(["eve", "ada"])
    server.use("ada")
    yield
    server.stop_servers()


ATTACKS = """
import ctypes, os, socket, subprocess

def is_refused(*words):
    return subprocess.run(words, capture_output=True, timeout=20).returncode != 0

def is_closed(family, kind=socket.SOCK_STREAM, address=None):
    try:
        with socket.socket(family, kind) as one:
            if address:
                one.connect(address)
    except OSError:
        return True
    return False

libc = ctypes.CDLL(None, use_errno=True)
def is_denied(number, *arguments):
    return libc.syscall(number, *arguments) == -1 and ctypes.get_errno() == 1

found = {
    "command lines by the bus": is_refused("systemctl", "status", "jupyter-ada.service"),
    "the bus": is_closed(socket.AF_UNIX, address="/run/dbus/system_bus_socket"),
    "lingering": is_refused("loginctl", "enable-linger", "jupyter-eve"),
    "user namespace": is_refused("unshare", "--user", "--map-root-user", "true"),
    "user namespace by clone": is_denied(56, 0x10000000 | 17, 0, 0, 0, 0),
    "mount": is_denied(165, b"x", b"/mnt", b"tmpfs", 0, 0),
    "bpf": is_denied(321, 0, 0, 0),
    "perf": is_denied(298, 0, 0, 0, 0, 0),
    "io_uring": is_denied(425, 1, 0),
    "userfaultfd": is_denied(323, 0),
    "module": is_denied(175, 0, 0, 0),
    "kexec": is_denied(246, 0, 0, 0, 0),
    "raw sockets": is_closed(socket.AF_PACKET, socket.SOCK_RAW),
    "crypto sockets": is_closed(socket.AF_ALG, socket.SOCK_SEQPACKET),
    "vsock": is_closed(socket.AF_VSOCK),
    "sudo": is_refused("sudo", "-n", "true"),
    "su": is_refused("su", "-c", "true"),
    "crontab": is_refused("sh", "-c", "echo '* * * * * true' | crontab -"),
    "the host's shared memory": not os.path.exists("/dev/shm/of-the-host"),
}
print([name for name, held in found.items() if not held])
"""


def test_a_student_reaches_neither_the_bus_nor_rare_parts_of_the_kernel(server: Server) -> None:
    server.machine.run("touch /dev/shm/of-the-host")
    assert server.use("eve", ATTACKS).strip() == "[]"
    server.machine.run("rm /dev/shm/of-the-host")
    assert not server.machine.run("ls /var/spool/cron/crontabs 2>/dev/null", check=False).stdout


WORK = """
import multiprocessing, os, pathlib, shutil, signal, subprocess, sys, tempfile
from multiprocessing import get_context, shared_memory

def is_done(command):
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    return done.returncode == 0 or done.stderr

block = shared_memory.SharedMemory(create=True, size=1000)
block.buf[0] = 42
with get_context("fork").Pool(2) as pool:
    squares = pool.map(abs, [-1, -2, -3])
lock = get_context("spawn").Lock()
folder = pathlib.Path(tempfile.mkdtemp())
os.mkfifo(folder / "pipe")
found = {
    "pool": squares == [1, 2, 3],
    "shared memory": (other := shared_memory.SharedMemory(block.name)).buf[0] == 42,
    "lock": lock.acquire(timeout=5),
    "affinity": not os.sched_setaffinity(0, os.sched_getaffinity(0)),
    "nice": is_done("nice -n 5 true"),
    "limits": is_done("ulimit -n 512"),
    "processes": is_done("ps -ef | grep -q $$"),
    "pip": is_done("python -m pip --version && python -m venv --without-pip /tmp/venv && /tmp/venv/bin/python -V"),
    "figures": is_done("python -c 'import matplotlib.pyplot as p; p.plot([1]); p.savefig(\\"/tmp/figure.png\\")'"),
    "rights": is_done("touch ~/file && chmod 750 ~/file && chown $(id -un):$(id -gn) ~/file && cp -a ~/file ~/copy"),
    "pty": is_done("script -qec 'echo x' /dev/null"),
    "names": is_done("getent passwd jupyter-ada && id"),
    "trace": is_done(f"{sys.executable} -c 'import ctypes; exit(ctypes.CDLL(None).ptrace(0, 0, 0, 0))'"),
    "network": is_done(f"{sys.executable} -c 'import socket; socket.getaddrinfo(\\"localhost\\", 80)'"),
    "threads": is_done("OMP_NUM_THREADS=4 python -c 'import numpy; numpy.ones((300, 300)) @ numpy.ones((300, 300))'"),
    "log": is_done("logger hello"),
}
other.close(); block.close(); block.unlink()
print({name: held for name, held in found.items() if held is not True})
"""


def test_what_people_do_in_notebooks_works(server: Server) -> None:
    assert server.use("eve", WORK).strip() == "{}"


def test_terminals_work(server: Server) -> None:
    async def type_in() -> str:
        async with server.client("eve") as eve:
            await eve.login()
            await eve.start_server()
            await eve.open_lab()
            return await eve.run_in_terminal("tty >/dev/null && echo fine")

    assert server.run(type_in()) == "fine"


FILL = """
import os, shutil
found = []
for folder in ("/dev/shm", os.environ["JUPYTER_RUNTIME_DIR"]):
    try:
        with open(f"{folder}/big", "wb") as file:
            for _ in range(2000):
                file.write(bytes(2**20))
    except OSError as error:
        found.append((error.strerror, os.path.getsize(f"{folder}/big") >> 20))
    os.unlink(f"{folder}/big")
print(found)
"""


FILL_SOCKETS = """
import os, socket
folder = "/run/littlest/servers/jupyter-eve"
try:
    for number in range(3000):
        with open(f"{folder}/{number}", "wb") as file:
            file.write(bytes(4096))
except OSError as error:
    print(error.strerror, number)
"""


def test_the_folder_of_a_servers_socket_has_bounds_and_leaves_others_room(server: Server) -> None:
    server.stop_servers()
    assert server.use("eve", FILL_SOCKETS).strip() == "No space left on device 16"
    assert "/run/littlest/servers" in server.machine.run("findmnt --noheadings --output=TARGET --types=tmpfs").stdout
    # others still start, and she herself after a stop
    assert server.use("ada") == "42"
    server.stop_servers()
    assert server.use("eve") == "42"


def test_what_is_in_memory_has_bounds(server: Server) -> None:
    # half of the memory of a server, 1G; and of the folder for kernels' sockets, which is not in the host's /run
    said = server.use("eve", FILL)
    assert "'No space left on device', 512" in said
    assert said.count("No space left") == 2
    assert "'No space left on device', 1" in said
    assert server.use("eve") == "42"
    assert server.machine.run("ls /run/littlest-kernels").stdout == ""


SHARE = """
from multiprocessing import shared_memory
course = shared_memory.SharedMemory(create=True, size=1000, name="course", track=False)
print(course.name)
"""


def test_the_end_of_another_session_leaves_a_kernels_memory(server: Server) -> None:
    async def work() -> tuple[str, str]:
        async with server.client("ada") as ada:
            await ada.login()
            await ada.start_server()
            await ada.open_lab()
            status, _kernel = await ada.server("POST", "api/kernels", {"name": "python3"})
            assert status == 201
            made = (await ada.execute(SHARE)).strip()
            # logind removes all shared memory of an account whose last session ends
            server.machine.run("su - jupyter-ada -c true; sleep 12")
            kept = await ada.execute(
                "from multiprocessing import shared_memory as s; s.SharedMemory(name='course').name"
            )
            return made, kept

    assert server.run(work()) == ("course", "'course'")
    server.stop_servers()
    assert "course" not in server.machine.run("ls /dev/shm").stdout


STEAL = """
import socket, time
end, found = time.time() + 15, "never"
while time.time() < end and found == "never":
    for family, address in ((socket.AF_INET6, "::"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET, "127.0.0.1")):
        with socket.socket(family) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            try:
                one.bind((address, 8080))
                found = address
            except OSError:
                pass
print(found)
"""


def test_a_student_cannot_take_the_port_while_the_proxy_restarts(own_server: Server) -> None:
    own_server.machine.run("littlest config set http.port 8080 --apply")
    server = Server(own_server.machine, port=8080)
    server.add_users(["eve"])
    end = "systemctl restart jupyterhub-proxy; systemctl kill --signal=KILL jupyterhub-proxy; sleep 1"

    async def race() -> str:
        async with server.client("eve") as eve:
            await eve.login()
            await eve.start_server()
            await eve.open_lab()
            # what it says is in a file, because the connection to the kernel ends too
            await eve.execute(f"open('steal.py', 'w').write({STEAL!r})")
            begin = "import subprocess as s; s.Popen('python steal.py >said', shell=True, start_new_session=True)"
            await eve.execute(f"{begin}; print()")
            for _ in range(4):
                await asyncio.to_thread(server.machine.run, end)
            wait = "timeout 60 sh -c 'until [ -s said ]; do sleep 0.5; done'; cat said"
            return server.machine.run_as("jupyter-eve", wait).stdout.strip()

    assert server.run(race()) == "never"
    server.network.close()

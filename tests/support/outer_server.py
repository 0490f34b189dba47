"""Another web server before the hub: a real nginx, in the network of a test machine.

Debian's package is unpacked and not installed, because an install would start a server on the host itself.
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.certificates import TestCertificate
from tests.support.debian import cache_dir

SETTINGS = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
user root;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
    server {{
        listen {address}:{port} ssl;
        ssl_certificate {folder}/certificate.pem;
        ssl_certificate_key {folder}/key.pem;
        location / {{ return 200 "the rest of the school\\n"; }}
        location {path} {{
            proxy_pass {hub};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
        }}
    }}
}}
"""


def find_nginx() -> Path:
    """Name the nginx of Debian's package, unpacked in the cache."""
    folder = cache_dir() / "nginx"
    program = folder / "usr/sbin/nginx"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        download = ["apt-get", "-qq", "download", "nginx"]
        if subprocess.run(download, cwd=folder, capture_output=True, check=False).returncode != 0:
            # the package lists may be missing or old
            subprocess.run(["apt-get", "-qq", "update"], capture_output=True, check=True)
            subprocess.run(download, cwd=folder, capture_output=True, check=True)
        (package,) = folder.glob("nginx_*.deb")
        subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
    return program


@contextmanager
def run_nginx(
    network: int, folder: Path, certificate: TestCertificate, *, address: str, port: int, path: str, hub: str
) -> Iterator[None]:
    """Serve https at address and port in the network of the process `network`, and the hub below `path`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "certificate.pem").write_text(certificate.certificate)
    (folder / "key.pem").write_text(certificate.key)
    settings = folder / "nginx.conf"
    settings.write_text(SETTINGS.format(folder=folder, address=address, port=port, path=path, hub=hub))
    inside = ["nsenter", "--target", str(network), "--net", "--"]
    server = subprocess.Popen([*inside, find_nginx(), "-c", settings, "-p", folder])
    try:
        listening = [*inside, "ss", "-Hltn", f"sport = :{port}"]
        deadline = time.monotonic() + 20
        while not subprocess.run(listening, capture_output=True, check=True).stdout:
            assert server.poll() is None, (folder / "error.log").read_text()
            assert time.monotonic() < deadline, "nginx does not listen"
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait(20)

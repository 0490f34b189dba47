"""A directory to log in with: slapd of Debian, unpacked into the cache and run in a machine's network."""

import fcntl
import shutil
import subprocess
import time
from pathlib import Path

from tests.support.certificates import TestCertificate
from tests.support.debian import NEEDED, SUITE, cache_dir, ensure_system_packages, read_mirrors
from tests.support.network import Network

SUFFIX = "dc=school,dc=example"
READER = f"cn=reader,{SUFFIX}"
READER_PASSWORD = 'reads "everything" $HOME %h'
CONFIGURATION = """
include {tree}/etc/ldap/schema/core.schema
include {tree}/etc/ldap/schema/cosine.schema
include {tree}/etc/ldap/schema/inetorgperson.schema
modulepath {tree}/usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCertificateFile {folder}/certificate.pem
TLSCertificateKeyFile {folder}/key.pem
disallow bind_anon
database mdb
maxsize 10485760
suffix "{suffix}"
directory {folder}/data
access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
"""


def ensure_slapd() -> Path:
    """Give the folder with Debian's slapd and all that it needs, unpacking it first where it lacks."""
    tree = cache_dir() / "debian" / f"slapd-{SUITE}"
    if tree.is_dir():
        return tree
    tree.parent.mkdir(parents=True, exist_ok=True)
    with (tree.parent / f"{tree.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two at once: the second waits and finds it done
        if not tree.is_dir():
            ensure_system_packages(*NEEDED)
            partial = tree.with_name(f"{tree.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            command = ["mmdebstrap", "--quiet", "--variant=extract", "--include=slapd", SUITE, str(partial)]
            subprocess.run([*command, *read_mirrors()], check=True, stdin=subprocess.DEVNULL)
            partial.rename(tree)
    return tree


class Directory:
    """A directory at ldap://localhost and ldaps://localhost of a machine, for as long as the `with` lasts.

    `people` are names and passwords; `groups` the members of each group.
    """

    def __init__(
        self,
        network: Network,
        folder: Path,
        certificate: TestCertificate,
        people: dict[str, str],
        groups: dict[str, list[str]],
    ) -> None:
        self._network = network
        self._folder = folder
        self._tree = ensure_slapd()
        (folder / "data").mkdir(parents=True)
        (folder / "certificate.pem").write_text(certificate.certificate)
        (folder / "key.pem").write_text(certificate.key)
        self._configuration = folder / "slapd.conf"
        self._configuration.write_text(
            CONFIGURATION.format(
                tree=self._tree,
                folder=folder,
                suffix=SUFFIX,
            )
        )
        entries = [f"dn: {SUFFIX}\nobjectClass: organization\nobjectClass: dcObject\ndc: school\no: school\n"]
        entries.append(
            f"dn: {READER}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\n"
            f"userPassword: {READER_PASSWORD}\n"
        )
        for unit in ("people", "groups"):
            entries.append(f"dn: ou={unit},{SUFFIX}\nobjectClass: organizationalUnit\nou: {unit}\n")
        for name, password in people.items():
            entries.append(
                f"dn: uid={name},ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\n"
                f"uid: {name}\ncn: {name}\nsn: {name}\nuserPassword: {password}\n"
            )
        for group, members in groups.items():
            listed = "".join(f"member: uid={name},ou=people,{SUFFIX}\n" for name in members)
            entries.append(f"dn: cn={group},ou=groups,{SUFFIX}\nobjectClass: groupOfNames\ncn: {group}\n{listed}")
        self._run("slapadd", "-q", input_text="\n".join(entries))

    def _command(self, program: str) -> list[str]:
        libraries = self._tree / "usr/lib/x86_64-linux-gnu"
        loader = self._tree / "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
        search = f"{libraries}:{self._tree / 'lib/x86_64-linux-gnu'}"
        # one program under several names
        words = [str(loader), "--library-path", search, "--argv0", program, str(self._tree / "usr/sbin/slapd")]
        return [*words, "-f", str(self._configuration)]

    def _run(self, program: str, *options: str, input_text: str = "") -> None:
        done = subprocess.run(
            [*self._command(program), *options], input=input_text, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def __enter__(self) -> "Directory":
        with (self._folder / "slapd.log").open("ab") as log:
            command = [*self._command("slapd"), "-h", "ldap://127.0.0.1 ldaps://127.0.0.1", "-d", "256"]
            self._process = self._network.call(lambda: subprocess.Popen(command, stdout=log, stderr=log))
        deadline = time.monotonic() + 20
        while "slapd starting" not in (self._folder / "slapd.log").read_text(errors="replace"):
            assert self._process.poll() is None, (self._folder / "slapd.log").read_text(errors="replace")
            assert time.monotonic() < deadline, "slapd did not start"
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the directory: nobody answers any more."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(20)

    def read_log(self) -> str:
        """What the directory was asked."""
        return (self._folder / "slapd.log").read_text(errors="replace")

"""What `littlest status` says of a server on which something is broken, though the hub answers."""

from tests.support.server import Server

RELEASE = "$(readlink -f /opt/littlest/current)"
DATABASE = "/var/lib/littlest/jupyterhub.sqlite"
PASSWORDS = "/var/lib/littlest/passwords.sqlite"
KERNEL = "/opt/littlest/user/lib/python3.13/site-packages/ipykernel"


def read_problems(server: Server) -> str:
    return "\n".join(server.littlest("status", check=False)["problems"])


def test_status_is_not_well_when_something_is_broken(own_server: Server) -> None:
    machine = own_server.machine
    assert read_problems(own_server) == ""
    for break_it, said, mend in (
        (f"mv {KERNEL} {KERNEL}.away", "no kernel of the user environment starts", f"mv {KERNEL}.away {KERNEL}"),
        (
            f"cp -a {RELEASE}/bin/jupyter /root/kept; echo '#' >>{RELEASE}/bin/jupyter",
            "one file of the release is missing or changed: bin/jupyter",
            f"cp /root/kept {RELEASE}/bin/jupyter",
        ),
        *(
            (
                f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}",
                f"nothing can be written to {folder}",
                f"umount {folder}",
            )
            for folder in ("/home", "/var/lib/littlest")
        ),
        (
            f"cp -a {PASSWORDS} /root/kept; echo rubbish >{PASSWORDS}",
            f"the passwords in {PASSWORDS} cannot be read",
            f"cp -a /root/kept {PASSWORDS}",
        ),
    ):
        machine.run(break_it)
        assert said in read_problems(own_server)
        machine.run(mend)
        assert read_problems(own_server) == ""


def test_a_poisoned_and_a_lost_database_are_named_and_repaired(own_server: Server) -> None:
    machine = own_server.machine
    insert = "INSERT INTO users (name, admin, cookie_id) VALUES (NULL, 1, 'x')"
    machine.run("systemctl stop jupyterhub.socket jupyterhub.service")
    machine.run(
        [
            "/opt/littlest/current/bin/python",
            "-c",
            f"import sqlite3; c=sqlite3.connect('{DATABASE}'); c.execute(\"{insert}\"); c.commit()",
        ]
    )
    machine.run("systemctl start jupyterhub.socket jupyterhub.service")
    assert "name is missing (left out): sudo littlest repair database" in read_problems(own_server)
    machine.run(["littlest", "repair", "database", "--yes"])
    assert read_problems(own_server) == ""

    machine.run(f"systemctl stop jupyterhub.socket jupyterhub.service; rm {DATABASE}")
    machine.run("systemctl start jupyterhub.socket jupyterhub.service")
    assert "database was gone" in read_problems(own_server)
    machine.run("littlest repair database --yes")
    assert read_problems(own_server) == ""

"""The commands of `littlest user`: one short function each, which imports what it needs when it is called."""

from typing import Annotated

import typer

from littlest.cli.invocation import Json, finish, make_machine

user_app = typer.Typer(
    help="Show, add and remove users, and make passwords for them.",
    no_args_is_help=True,
    rich_markup_mode=None,
    name="user",
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name with which the user logs in.")]


@user_app.command("passwd")
def user_passwd(name: Name, *, as_json: Json = False) -> None:
    """Make a one-time password for a user, who must change it at the next login.

    It is four words, 36 bits. All sessions and tokens of the user end; a running server runs on.
    """
    from littlest.commands.user.passwd import run_passwd

    finish(run_passwd(make_machine(), name), as_json)

"""`rag password`: the password of the page, typed or read, never given as an argument."""

from __future__ import annotations

import sys

import click

from rag.errors import ConfigError
from rag.serving import Password, is_local

LOCAL_TOLD = "It is asked for from now on, in place of any before it."


@click.group("password")
def password_group() -> None:
    """Set or remove the password of the page.

    With a password the page asks for it in every browser, on this computer too. Without one it is
    served to this computer alone.
    """


@password_group.command("set")
def set_command() -> None:
    """Set the password: typed twice, or the first line of standard input.

    What is kept is a hash of it (scrypt), in a file of the data folder that you alone may read.
    Whoever is logged in with the one before has to log in again.
    """
    password = Password()
    password.set(_asked() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n"))
    click.echo(f"The password is set. {LOCAL_TOLD}")


@password_group.command("remove")
def remove_command() -> None:
    """Remove the password: the page is served to this computer alone then."""
    removed = Password().remove()
    click.echo("The password is removed." if removed else "There was no password.")


def ask_if_needed(host: str) -> None:
    """Have a password set where others could reach the page without one, if somebody is there."""
    if is_local(host) or Password().is_set or not sys.stdin.isatty():
        return
    click.echo(
        f"{host} can be reached from other machines, so the page needs a password.", err=True
    )
    Password().set(_asked())
    click.echo(f"The password is set; `rag password set` changes it. {LOCAL_TOLD}", err=True)


def _asked() -> str:
    """Return a password that was typed twice, and is long enough."""
    while True:
        try:
            word: str = click.prompt(
                "Password", hide_input=True, confirmation_prompt=True, err=True
            )
            Password.check(word)
        except click.Abort:
            raise KeyboardInterrupt from None
        except ConfigError as error:
            click.echo(f"error: {error}", err=True)
        else:
            return word

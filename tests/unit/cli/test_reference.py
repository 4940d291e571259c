import os
import subprocess
import sys

from seatrial.cli import reference
from seatrial.cli.main import parser


def test_every_command_and_every_flag_is_there() -> None:
    page = reference.page()
    for heading in ("## seatrial prove", "## seatrial lab up", "## seatrial lab break", "## seatrial completion"):
        assert heading in page
    for flag in ("--standard ID@VERSION", "--lab [NAME]", "-o, --output FORMAT", "--manifests DIR\\|-"):
        assert f"`{flag}`" in page
    assert "seatrial snapshot --output-file FILE [flags]" in page


def test_the_page_does_not_depend_on_the_terminal() -> None:
    pages = {
        subprocess.run(
            [sys.executable, "-c", "from seatrial.cli import reference; print(reference.page())"],
            env={**os.environ, "COLUMNS": columns, "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for columns in ("40", "200")
    }
    assert len(pages) == 1


def test_every_flag_says_what_it_does() -> None:
    silent = [
        f"{command.prog} {action.dest}"
        for command in reference.leaves(parser())
        for action in command._actions
        if action.option_strings and not action.help
    ]
    assert silent == []

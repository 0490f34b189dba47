"""`littlest config edit` with a real editor (a script), a real file and a real lock."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest

from littlest import paths
from littlest.commands.config.edit import run_edit
from littlest.config.text.render import render_default_config
from littlest.errors import BusyError, ExitCode, LittlestError
from littlest.machine.machine import Machine

CONFIG = PurePosixPath("/etc/littlest/config.yaml")
Editor = Callable[..., Path]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with nothing but the settings' directory."""
    root = tmp_path / "root"
    (root / "etc" / "littlest").mkdir(parents=True)
    return Machine(root)


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Editor:
    """Make an editor that does one of these shell lines at each call; $1 is the file, $root the machine's root."""

    def make(*lines: str) -> Path:
        calls = tmp_path / "calls"
        calls.write_text("")
        script = tmp_path / "an editor"
        cases = "\n".join(f"{number}) {line} ;;" for number, line in enumerate(lines, 1))
        script.write_text(
            f'#!/bin/sh\nset -eu\nroot="{tmp_path}/root"\necho "$1" >>"{calls}"\n'
            f'case $(($(wc -l <"{calls}"))) in\n{cases}\n*) exit 99 ;;\nesac\n'
        )
        script.chmod(0o755)
        monkeypatch.setenv("VISUAL", f"'{script}'")
        return calls

    return make


def answer(*answers: str) -> Callable[[str], str | None]:
    """Give these answers, and then the end of the input."""
    waiting: Iterator[str] = iter(answers)

    def ask(question: str) -> str | None:
        asked.append(question)
        return next(waiting, None)

    asked: list[str] = []
    ask.asked = asked  # type: ignore[attr-defined]
    return ask


def write(machine: Machine, content: str, mode: int = 0o640) -> Path:
    file = machine.path(CONFIG)
    file.write_text(content)
    file.chmod(mode)
    return file


def list_files(machine: Machine) -> list[str]:
    return sorted(file.name for file in machine.path(CONFIG).parent.iterdir())


def test_valid_edit_takes_the_files_place_and_keeps_its_mode(machine: Machine, editor: Editor) -> None:
    file = write(machine, "http:\n  port: 8000\n", 0o600)
    before = file.stat()
    editor('sed -i s/8000/8001/ "$1"')
    report = run_edit(machine, answer())
    assert file.read_text() == "http:\n  port: 8001\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (file.stat().st_uid, file.stat().st_gid) == (before.st_uid, before.st_gid)
    assert "sudo littlest apply" in "\n".join(report.lines)
    assert list_files(machine) == ["config.yaml"]


def test_edit_without_a_change_says_so_and_writes_nothing(machine: Machine, editor: Editor) -> None:
    file = write(machine, "http:\n  port: 8000\n")
    before = file.stat()
    editor(":")
    assert run_edit(machine, answer()).lines == ("Nothing was changed.",)
    assert file.stat() == before
    assert list_files(machine) == ["config.yaml"]


def test_invalid_edit_names_the_problems_and_can_be_edited_again(machine: Machine, editor: Editor) -> None:
    file = write(machine, "http:\n  port: 8000\n")
    calls = editor('echo "htp: 1" >>"$1"', 'sed -i /htp/d "$1"; echo "base_url: /x/" >>"$1"')
    ask = answer("what?", "", "exitt", "e")
    run_edit(machine, ask)
    assert file.read_text() == "http:\n  port: 8000\nbase_url: /x/\n"
    assert f"{CONFIG}:3: htp: unknown key; did you mean http?" in ask.asked[0]  # type: ignore[attr-defined]
    assert len(calls.read_text().splitlines()) == 2
    assert len(ask.asked) == 4  # type: ignore[attr-defined]


@pytest.mark.parametrize("given", ["x", "exit", " X ", "quit"])
def test_invalid_edit_can_be_given_up(given: str, machine: Machine, editor: Editor) -> None:
    file = write(machine, "http:\n  port: 8000\n")
    editor('printf "\\377" >"$1"')
    assert run_edit(machine, answer(given)).lines == ("Nothing was saved.",)
    assert file.read_text() == "http:\n  port: 8000\n"
    assert list_files(machine) == ["config.yaml"]


def read_kept(machine: Machine, error: LittlestError) -> str | None:
    """What is in the file that an error names at its end."""
    kept = machine.path(PurePosixPath(str(error.hint).rpartition(" ")[2].rstrip(".")))
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    return kept.read_text()


@pytest.mark.parametrize("end", ["exit 3", "kill -9 $$"])
def test_editor_that_fails_or_dies_saves_nothing_and_loses_nothing(
    end: str, machine: Machine, editor: Editor
) -> None:
    file = write(machine, "http:\n  port: 8000\n")
    editor(f'echo "base_url: /x/" >"$1"; {end}')
    with pytest.raises(LittlestError, match=r"ended with status -?[39]; nothing was saved") as caught:
        run_edit(machine, answer())
    assert file.read_text() == "http:\n  port: 8000\n"
    assert read_kept(machine, caught.value) == "base_url: /x/\n"


def test_editor_that_fails_before_anything_was_written_leaves_no_copy(machine: Machine, editor: Editor) -> None:
    write(machine, "http:\n  port: 8000\n")
    editor("exit 1")
    with pytest.raises(LittlestError, match="status 1"):
        run_edit(machine, answer())
    assert list_files(machine) == ["config.yaml"]


def test_nobody_to_answer_loses_nothing(machine: Machine, editor: Editor) -> None:
    file = write(machine, "http:\n  port: 8000\n")
    editor('echo "htp: 1" >"$1"')
    with pytest.raises(LittlestError, match="nobody to ask") as caught:
        run_edit(machine, answer())
    assert read_kept(machine, caught.value) == "htp: 1\n"
    assert file.read_text() == "http:\n  port: 8000\n"


@pytest.mark.parametrize("loss", [': >"$1"', 'rm "$1"', 'echo >"$1"'])
def test_emptied_or_lost_copy_is_never_saved(loss: str, machine: Machine, editor: Editor) -> None:
    file = write(machine, "limits: {memory: 2G}\n")
    editor(loss)
    ask = answer("x")
    assert run_edit(machine, ask).lines == ("Nothing was saved.",)
    assert "empty, or gone" in ask.asked[0]  # type: ignore[attr-defined]
    assert file.read_text() == "limits: {memory: 2G}\n"
    editor(loss)
    with pytest.raises(LittlestError, match="nobody to ask"):
        run_edit(machine, answer())
    assert file.read_text() == "limits: {memory: 2G}\n"


def test_lost_copy_can_be_edited_again_from_its_beginning(machine: Machine, editor: Editor) -> None:
    file = write(machine, "limits: {memory: 2G}\n")
    editor('rm "$1"', 'sed -i s/2G/3G/ "$1"')
    run_edit(machine, answer("e"))
    assert file.read_text() == "limits: {memory: 3G}\n"


def test_ctrl_c_at_the_question_loses_nothing(machine: Machine, editor: Editor) -> None:
    file = write(machine, "http:\n  port: 8000\n")
    editor('echo "htp: 1" >"$1"')

    def interrupt(_question: str) -> str:
        raise KeyboardInterrupt

    with pytest.raises(LittlestError, match="Interrupted; nothing was saved") as caught:
        run_edit(machine, interrupt)
    assert caught.value.exit_code is ExitCode.INTERRUPTED
    assert read_kept(machine, caught.value) == "htp: 1\n"
    assert file.read_text() == "http:\n  port: 8000\n"


def test_ctrl_c_in_the_editor_is_the_editors_business(machine: Machine, editor: Editor) -> None:
    file = write(machine, "http:\n  port: 8000\n")
    editor('trap : INT; kill -INT $PPID; kill -INT $$; echo "base_url: /x/" >"$1"')
    run_edit(machine, answer())
    assert file.read_text() == "base_url: /x/\n"


def test_what_a_killed_edit_left_is_not_overwritten(machine: Machine, editor: Editor) -> None:
    write(machine, "http:\n  port: 8000\n")
    machine.path(PurePosixPath("/etc/littlest/.config-edit.yaml")).write_text("base_url: /lost/\n")
    editor(":")
    (note,) = run_edit(machine, answer()).notes
    kept = PurePosixPath(note.rpartition(" ")[2].rstrip("."))
    assert machine.read_text(kept) == "base_url: /lost/\n"


def test_settings_that_cannot_work_on_this_machine_are_not_saved(machine: Machine, editor: Editor) -> None:
    file = write(machine, "http:\n  port: 8000\n")
    editor('printf "metrics:\\n  token: {file: /nowhere}\\n" >"$1"')
    ask = answer("x")
    run_edit(machine, ask)
    assert ":2: metrics.token" in ask.asked[0]  # type: ignore[attr-defined]
    assert "there is no file /nowhere" in ask.asked[0]  # type: ignore[attr-defined]
    assert file.read_text() == "http:\n  port: 8000\n"


def test_somebody_elses_change_is_not_overwritten(machine: Machine, editor: Editor) -> None:
    file = write(machine, "http:\n  port: 8000\n")
    editor('echo "base_url: /mine/" >"$1"; echo "base_url: /theirs/" >"$root/etc/littlest/config.yaml"')
    with pytest.raises(LittlestError, match="Somebody else changed") as caught:
        run_edit(machine, answer())
    assert file.read_text() == "base_url: /theirs/\n"
    kept = str(caught.value.hint).rpartition(" ")[2].rstrip(".")
    assert machine.read_text(PurePosixPath(kept)) == "base_url: /mine/\n"


def test_file_that_is_missing_is_begun_from_the_defaults(machine: Machine, editor: Editor) -> None:
    editor('sed -i "s/^# base_url: .*/base_url: \\/x\\//" "$1"')
    run_edit(machine, answer())
    file = machine.path(CONFIG)
    assert file.read_text() == render_default_config().replace("# base_url: /\n", "base_url: /x/\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_file_that_is_a_link_stays_one(machine: Machine, editor: Editor) -> None:
    real = machine.path(PurePosixPath("/etc/site.yaml"))
    real.write_text("base_url: /a/\n")
    machine.path(CONFIG).symlink_to("../site.yaml")
    editor('sed -i s,/a/,/b/, "$1"')
    run_edit(machine, answer())
    assert machine.path(CONFIG).is_symlink()
    assert real.read_text() == "base_url: /b/\n"


def test_only_one_edits_at_a_time(machine: Machine, editor: Editor) -> None:
    editor(":")
    lock = machine.path(paths.LOCK_FILE)
    lock.parent.mkdir(parents=True)
    holder = subprocess.Popen(
        ["flock", lock, "sh", "-c", "echo held; cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match="another littlest"):
            run_edit(machine, answer())
    assert run_edit(machine, answer()).lines == ("Nothing was changed.",)


def test_file_keeps_an_owner_whom_this_machine_does_not_know(machine: Machine, editor: Editor) -> None:
    # as one that came with rsync or tar
    file = write(machine, "http:\n  port: 8000\n")
    os.chown(file, 12345, 23456)
    editor('sed -i s/8000/8001/ "$1"')
    run_edit(machine, answer())
    assert (file.stat().st_uid, file.stat().st_gid) == (12345, 23456)
    assert file.read_text() == "http:\n  port: 8001\n"


def test_machine_without_an_editor(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "")
    monkeypatch.setenv("EDITOR", " ")
    monkeypatch.setattr("littlest.machine.commands.COMMAND_PATH", str(tmp_path))
    with pytest.raises(LittlestError, match="No editor was found"):
        run_edit(machine, answer())
    assert list_files(machine) == []


def test_editor_is_a_command_with_arguments_and_visual_comes_first(
    machine: Machine, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(machine, "http:\n  port: 8000\n")
    monkeypatch.setenv("EDITOR", "/nowhere/editor")
    monkeypatch.setenv("VISUAL", "sed -i -e 's/8000/80 # as ever/'")
    run_edit(machine, answer())
    assert file.read_text() == "http:\n  port: 80 # as ever\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("/nowhere/editor", "/nowhere/editor: this command is not installed"),
        ("/etc/passwd", "/etc/passwd: Permission denied"),
        ("/etc", "/etc: Permission denied"),
        ("ed --flag 'x", "VISUAL is no command"),
    ],
)
def test_editor_that_cannot_be_started(
    given: str, said: str, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(machine, "")
    monkeypatch.setenv("VISUAL", given)
    with pytest.raises(LittlestError, match=said) as caught:
        run_edit(machine, answer())
    assert "sudo EDITOR=nano littlest config edit" in str(caught.value.hint)
    assert list_files(machine) == ["config.yaml"]


def test_editor_that_leaves_no_file(machine: Machine, editor: Editor) -> None:
    file = write(machine, "base_url: /a/\n")
    editor('rm "$1"; mkdir "$1"; echo hello >"$1/note"')
    with pytest.raises(LittlestError, match="left no file") as caught:
        run_edit(machine, answer())
    kept = machine.path(PurePosixPath(str(caught.value.hint).rpartition(" ")[2].rstrip(".")))
    assert (kept / "note").read_text() == "hello\n"
    assert file.read_text() == "base_url: /a/\n"


@pytest.mark.parametrize(("make", "said"), [("ln -s config.yaml", "cannot be read"), ("mkdir", "Is a directory")])
def test_what_is_no_file_is_not_edited(make: str, said: str, machine: Machine, editor: Editor) -> None:
    subprocess.run([*make.split(), machine.path(CONFIG)], check=True)
    editor(":")
    with pytest.raises(LittlestError, match=said) as caught:
        run_edit(machine, answer())
    assert "put a file in its place" in str(caught.value.hint)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_edit_that_is_ended_loses_nothing(number: signal.Signals, machine: Machine, tmp_path: Path) -> None:
    file = write(machine, "base_url: /a/\n")
    program = (
        "import sys; from littlest.commands.config.edit import run_edit;"
        "from littlest.machine.machine import Machine;"
        "from pathlib import Path; run_edit(Machine(Path(sys.argv[1])), lambda _: None)"
    )
    editor = tmp_path / "slow"
    editor.write_text('#!/bin/sh\necho "base_url: /b/" >"$1"; echo begun; exec sleep 20\n')
    editor.chmod(0o755)
    running = subprocess.Popen(
        [sys.executable, "-c", program, machine.root],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        env={**os.environ, "VISUAL": str(editor)},
    )
    with running:
        assert running.stdout is not None
        assert running.stdout.readline() == "begun\n"
        os.killpg(running.pid, number)
    assert file.read_text() == "base_url: /a/\n"
    # what was written is there for the next edit to tell of, or under the name that the error said
    kept = [path.read_text() for path in file.parent.iterdir() if path != file]
    assert kept == ["base_url: /b/\n"]

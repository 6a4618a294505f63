from __future__ import annotations

import os
import subprocess
import sys

# Does something in the place of a command, within all that surrounds one.
COMMAND = "import sys, os, pipeline.cli as cli; cli.app = lambda: {}; cli.main()"


def test_a_file_never_gets_the_number_of_a_stream_that_is_closed() -> None:
    code = COMMAND.format("(sys.stdout.write('x'), sys.stderr.write('x'), sys.exit(os.dup(0)))")
    done = subprocess.run(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-c", code])
    assert done.returncode > 2


def test_output_that_is_read_slowly_is_waited_for() -> None:
    code = COMMAND.format("print('x' * 10**6)")
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with subprocess.Popen([sys.executable, "-c", code], stdout=writer) as process:
        os.close(writer)
        with open(reader, "rb") as output:
            assert len(output.read()) == 10**6 + 1
        assert process.wait() == 0


def test_names_are_read_and_printed_as_utf8_whatever_the_locale() -> None:
    code = COMMAND.format("print(sys.argv[1], sys.getfilesystemencoding())")
    ascii_locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for surroundings in (ascii_locale, {"PYTHONIOENCODING": "latin-1"}):
        done = subprocess.run(
            [sys.executable, "-c", code, "Käfer 日本"],
            env={**os.environ, **surroundings},
            capture_output=True,
        )
        assert (done.stdout.decode(), done.stderr) == ("Käfer 日本 utf-8\n", b"")


def test_output_that_nobody_takes_ends_with_1_and_hides_no_fault() -> None:
    code = COMMAND.format("(print('lost'), sys.exit(3))")
    # Python writes at once where it is told to, and else at its end.
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}

    def end(stdout: int, code: str = code) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=stdout, stderr=subprocess.PIPE, text=True, env=surroundings
        )
        return done.returncode, done.stderr

    with open("/dev/full", "wb") as full:
        assert end(full.fileno()) == (
            1,
            "Error: Standard output cannot be written: No space left on device.\n",
        )
    reader, writer = os.pipe()
    os.close(reader)
    assert end(writer) == (1, "")
    exit_code, told = end(writer, COMMAND.format("(print('lost'), 1 / 0)"))
    assert exit_code == 1
    assert told.endswith("ZeroDivisionError: division by zero\n")
    os.close(writer)

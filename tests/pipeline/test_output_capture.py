from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CODE = """
import os, sys
from pathlib import Path
from pipeline.output_capture import captured_output
print("before")
with captured_output(Path(sys.argv[1])) as screen:
    print("python")
    os.write(1, b"file descriptor 1\\n")
    os.write(2, b"file descriptor 2\\n")
    os.system("echo a child")
    print("for people", file=screen)
print("after")
"""


def test_everything_but_the_screen_goes_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "new" / "log.txt"
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(log)],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert done.stdout.split("\n") == ["before", "for people", "after", ""]
    assert done.stderr == ""
    assert set(log.read_text().splitlines()) == {
        "python",
        "file descriptor 1",
        "file descriptor 2",
        "a child",
    }


def test_a_screen_that_is_lost_ends_no_work(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pipeline.output_capture import captured_output\n"
        "with captured_output(Path(sys.argv[1])) as screen:\n"
        "    print('for people', file=screen, flush=True)\n"
        "    print('went on')\n"
    )
    log = tmp_path / "log.txt"
    with open("/dev/full", "wb") as full:
        subprocess.run([sys.executable, "-c", code, str(log)], stdout=full, check=True)
    assert log.read_text() == "went on\n"


def test_a_quiet_command_has_the_error_stream_to_itself() -> None:
    code = (
        "from pipeline.output_capture import quiet_tensorflow\n"
        "quiet_tensorflow()\n"
        "import tensorflow, apache_beam.io.tfrecordio\n"
    )
    homeless = {**os.environ, "HOME": os.devnull}  # Where nothing can be kept.
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=homeless
    )
    assert (done.stdout, done.stderr) == ("", "")

from __future__ import annotations

import os
import subprocess
import sys


def test_a_user_id_that_nobody_knows_has_a_home() -> None:
    code = (
        "import os, pathlib; from pipeline.home_folder import have_home\n"
        "if os.getuid() == 0: os.setuid(12345)\n"
        "have_home(); have_home()\n"
        "print(pathlib.Path.home(), os.path.expanduser('~/.keras'))\n"
    )
    nameless = {name: value for name, value in os.environ.items() if name != "HOME"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=nameless)
    home, folder = done.stdout.split()
    assert home.startswith("/") and folder.startswith("/")

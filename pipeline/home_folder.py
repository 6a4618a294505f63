"""Where libraries look for what is the user's own."""

from __future__ import annotations

import os
from pathlib import Path


def have_home() -> None:
    """Names a home where the user has none, as containers do.

    User ids that clusters make up have no name, so nobody knows of a home.
    IPython, which Keras imports, fails without one; and what takes `~` as it
    is makes a folder of that name in the current one.
    """
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = "/"

"""Makes one sentence of TensorFlow's long error messages. Standard library only."""

from __future__ import annotations


def first_line(message: str) -> str:
    """Shortens an error message to the line that says what happened.

    TensorFlow puts headlines above that line, and the graph node and the Python stack of its
    creation below it.
    """
    for line in message.splitlines():
        telling = line.strip()
        if telling and telling != "Graph execution error:" and not telling.endswith("root error(s) found."):
            return telling
    return message.strip()

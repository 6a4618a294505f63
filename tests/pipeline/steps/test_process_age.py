"""How long a process has been running."""

from __future__ import annotations

import subprocess
import sys
import time

CODE = (
    "import time; time.sleep(0.5); began = time.process_time(); sum(range(10**7))\n"
    "from pipeline.steps.process_age import process_age; age = process_age(); print(age.wall, age.cpu, began)"
)


def test_it_is_counted_from_the_start_of_the_process() -> None:
    began = time.monotonic()
    # The name of the program has a space and a parenthesis, as that of a thread may.
    name_first = "open('/proc/self/comm', 'w').write('a) b (c'); " + CODE
    told = subprocess.run([sys.executable, "-c", name_first], capture_output=True, text=True, check=True)
    waited = time.monotonic() - began
    wall, cpu, cpu_before = (float(number) for number in told.stdout.split())
    assert 0.5 < wall <= waited + 0.02  # The kernel counts in hundredths.
    assert cpu_before < cpu < wall

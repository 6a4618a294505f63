from __future__ import annotations

import pytest

from components.contract import ConfigError
from kubeflow.cron import six_fields


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("0 3 * * 1", "0 0 3 * * 1"),
        ("  */15   9-17 ? * MON-fri ", "0 */15 9-17 ? * MON-fri"),
        ("30 0 3 1,15 JAN-jun/2 *", "30 0 3 1,15 JAN-jun/2 *"),
        ("5/20 * * * *", "0 5/20 * * * *"),
        ("@daily", "0 0 0 * * *"),
        ("0 0 29 2 *", "0 0 0 29 2 *"),
        ("0 0 31 2 1", "0 0 0 31 2 1"),
    ],
)
def test_five_fields_get_their_seconds(given: str, taken: str) -> None:
    assert six_fields(given) == taken


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("", "is not of five fields"),
        ("0 3 * *", "is not of five fields"),
        ("0 0 0 3 * * 1", "is not of five fields"),
        ("@sometimes", "is not of five fields"),
        ("60 3 * * 1", "'60' is no minute. It goes from 0 to 59"),
        ("0 24 * * 1", "'24' is no hour"),
        ("0 3 0 * *", "'0' is no day of month. It goes from 1 to 31"),
        ("0 3 * 13 *", "'13' is no month. It goes from 1 to 12 or JAN to DEC"),
        ("0 3 * * 7", "'7' is no day of week. It goes from 0 to 6 or SUN to SAT"),
        ("60 0 3 * * 1", "'60' is no second"),
        ("5-1 * * * *", "'5-1' is no minute"),
        ("*/0 * * * *", "'*/0' is no minute"),
        ("*-5 * * * *", "'*-5' is no minute"),
        ("1,,2 * * * *", "'' is no minute"),
        ("-1 * * * *", "'-1' is no minute"),
        ("٣ * * * *", "'٣' is no minute"),
        ("noon * * * *", "'noon' is no minute"),
        ("0 0 30 2 *", "never comes: no such month has 30 days"),
        ("0 0 31 APR,JUN ?", "never comes: no such month has 31 days"),
    ],
)
def test_nonsense_is_refused(given: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match="^--cron ") as refused:
        six_fields(given)
    assert complaint in str(refused.value)

"""What TFDV has to count, for the schema to be held against it."""

from __future__ import annotations

from typing import Final

import tensorflow_data_validation as tfdv

# More than most have classes. Of more than so many different values TFDV leaves out rare ones, and one that
# the schema does not know is rare; its own default is a thousand.
_COUNTED_VALUES: Final = 16384


def statistics_options() -> tfdv.StatsOptions:
    """One pass in bounded memory; otherwise every file name and hash goes through a shuffle."""
    return tfdv.StatsOptions(
        use_sketch_based_topk_uniques=True,
        num_rank_histogram_buckets=_COUNTED_VALUES,
    )

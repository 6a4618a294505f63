from __future__ import annotations

import numpy as np
import pytest

from trainer.training_run.phase_data import BatchRule, Examples, evaluation_batches


@pytest.mark.parametrize(
    ("count", "batch_size", "devices"),
    [(19, 2, 1), (19, 2, 2), (9, 4, 4), (33, 16, 2), (15, 16, 2), (19, 8, 8)],
)
def test_each_image_is_looked_at_once_however_many_devices_there_are(
    count: int, batch_size: int, devices: int
) -> None:
    rows = np.arange(count, dtype=np.float32)[:, None]
    examples = Examples(lambda indices: (rows[indices],), (rows[:0],), np.zeros(count, np.int64))
    rule = BatchRule(size=batch_size, classes=2, class_weights=None, augmentation=None, seed=0)
    batches = [images for images, *_ in evaluation_batches(examples, rule, devices).as_numpy_iterator()]
    assert np.concatenate(batches).ravel().tolist() == list(range(count))
    assert len(batches) % devices == 0
    assert len({len(batch) for batch in batches[:devices]}) == 1

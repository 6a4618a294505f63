from __future__ import annotations

from components.uri import is_uri


def test_what_is_a_uri() -> None:
    assert all(map(is_uri, ("gs://b/x", "s3://b", "ram://x", "file:///x", "hdfs+x://y")))
    assert not any(map(is_uri, ("/x", "x:/y", "C:\\x", "./gs://x", "://x")))

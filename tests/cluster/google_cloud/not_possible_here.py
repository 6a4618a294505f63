"""What a test that needs it is skipped with."""


class NotPossibleHereError(Exception):
    """This machine does not let the cloud do what it has to; the text says what."""

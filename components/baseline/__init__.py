"""Which model a candidate has to be no worse than."""

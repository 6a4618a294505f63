"""One look at one file: what is amiss, and what is stored of it."""

"""The page of a run, or of a check of the data: one HTML file that needs no network."""

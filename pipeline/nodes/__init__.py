"""Running a node of the compiled pipeline, and what that takes: ML Metadata, Beam, the frameworks."""

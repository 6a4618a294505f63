"""What the steps of a run in pods have in common."""

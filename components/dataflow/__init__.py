"""Stages whose Beam workers see nothing of the workspace."""

"""Sections of the configuration that say where a run takes place."""

"""Searching for settings that train a better model."""

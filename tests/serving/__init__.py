"""Tests of serving/, on one small model that is exported and served for real."""

"""What is measured: functions that take a folder of class folders, and one to write to.

Each module imports all that it needs at its top, so that a measurement starts
with everything loaded.
"""

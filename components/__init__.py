"""Custom TFX components: each declares in component.py, unpacks in executor.py and thinks elsewhere."""

"""How images and labels can be laid out, one module a layout."""

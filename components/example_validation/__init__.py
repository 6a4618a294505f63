"""ExampleValidator: stops a run whose records do not fit the schema."""

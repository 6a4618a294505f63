"""ExampleSchemaGen: what every record has to look like, before any statistics are taken."""

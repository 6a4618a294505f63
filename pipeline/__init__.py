"""What runs, in which order: configuration, the DAG, its runners and the command line."""

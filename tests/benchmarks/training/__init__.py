"""Training, ours and as a plain Keras script does it; run by tests.benchmarks.train_benchmark."""

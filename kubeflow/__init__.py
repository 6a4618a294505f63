"""Running the pipeline on Kubeflow Pipelines: compiling it, submitting it, scheduling it."""

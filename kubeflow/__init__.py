"""Where the pipeline runs when not on one machine: Kubeflow Pipelines, and what they need around them."""

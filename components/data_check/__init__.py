"""DataCheck: stops a run whose images violate a policy or a limit."""

"""What training minimises, and how: losses, learning rates, optimizers, precision."""

"""Which network a classifier is made of: backbones, head, the weights they start from."""

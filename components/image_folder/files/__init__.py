"""Where the images are, and what they are called: folders, manifests, URIs, labels."""

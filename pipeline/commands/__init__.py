"""The commands of `imgclf`, and what they alone need."""

"""Running the phases of training, from wherever an earlier try got to."""

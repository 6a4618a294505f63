"""How one model is made: preprocessing, augmentation, training and export."""

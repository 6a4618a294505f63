"""ClassBalanceValidator: stops a run whose classes are too small or too unequal."""

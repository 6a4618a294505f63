"""ClassBalanceValidator: stops a run whose classes are too small, too unequal, or unlike the previous run."""

"""Operations of the store, each written once for sync and async: embed first, then one transaction."""

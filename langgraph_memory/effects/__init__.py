"""What code wants done, said as data: a generator yields effects, and one runner performs them, sync or async."""

"""One generator for each operation: it yields named queries, decides, returns. No I/O, no await, no clock."""

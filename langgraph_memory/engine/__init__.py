"""What an operation runs on: named queries in, rows out, one transaction for each operation."""

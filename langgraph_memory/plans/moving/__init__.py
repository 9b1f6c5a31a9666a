"""Copying everything to another database, row by row and without decoding a value."""

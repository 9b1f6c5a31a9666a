"""How the values of a thread become stored elements, and stored elements values again."""

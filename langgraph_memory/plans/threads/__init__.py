"""The operations of a checkpointer, over serialised values."""

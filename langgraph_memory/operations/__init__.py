"""What the store can do, one feature a file: its checks, what it embeds, and its transaction."""

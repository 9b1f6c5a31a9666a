"""What a search decides: how well texts match, which are the best, and which of them are needed. Pure."""

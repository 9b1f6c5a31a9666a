"""Graph nodes: retrieval before the model, promotion after it, and the prompt between them."""

"""`python -m langgraph_memory`: the same as the command `langgraph-memory`."""

from langgraph_memory.cli import main

if __name__ == "__main__":
    main()

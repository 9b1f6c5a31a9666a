"""What a memory is and every rule about it. Pure: no database, no LangGraph, no clock."""

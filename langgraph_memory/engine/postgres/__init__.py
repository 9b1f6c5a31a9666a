"""The engine past one machine: a PostgreSQL database that many processes share."""

"""One module a format. Each has ``write(source, table, path)`` or a function of its own and reads only described columns."""

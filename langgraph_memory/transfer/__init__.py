"""Everything of a database as another one takes it: exports, imports, copies, upstream's classes, other products."""

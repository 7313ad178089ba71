"""Papers of A4, read back with tools that are not ours."""

"""The villager's desk: everything that needs no name."""

"""Content packs: what they hold, how they are put in place, how they are read."""

"""The content pack is held honest."""

"""Devices that exist only in memory and in a folder, for practice, demonstrations and tests."""

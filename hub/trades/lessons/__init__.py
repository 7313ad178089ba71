"""Lessons: read one, answer its questions, take a slip home."""

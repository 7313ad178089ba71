"""Volunteers who visit homes with a telephone: their keys, their lists, and what they hand in."""

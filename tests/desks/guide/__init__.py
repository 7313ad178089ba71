"""The guide's desk, page by page."""

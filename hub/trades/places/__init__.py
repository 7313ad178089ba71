"""Places: what a commune was called before 2025 and what it belongs to today."""

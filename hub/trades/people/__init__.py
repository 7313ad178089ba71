"""Households that asked the House to remember them, and how many people were helped without a name."""

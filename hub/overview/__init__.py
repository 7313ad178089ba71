"""What may look across all trades: search."""

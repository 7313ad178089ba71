"""Fraud awareness: the kinds of scam, and a checker that never says "safe"."""

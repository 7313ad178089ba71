"""Procedures: who may ask, which papers, which steps, how long, what it costs, and where all that is from."""

"""Prices: what guides saw, where and when, with its age told."""

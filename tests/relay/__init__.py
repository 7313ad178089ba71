"""The relay and the office together, under everything that can go wrong between them."""

"""The village's capabilities, one package each, with no web in them."""

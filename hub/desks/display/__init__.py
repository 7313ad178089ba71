"""The board on the wall."""

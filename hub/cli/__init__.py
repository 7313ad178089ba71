"""The command `hub`: every way to run and look after a House from a shell."""

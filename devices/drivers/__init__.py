"""Drivers for real hardware; imported only by devices.choose."""

"""The forms room: XForms read, answered, checked, carried over, sealed and opened."""

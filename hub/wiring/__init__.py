"""The composition root: the only place that knows every room, and builds the House from the settings."""

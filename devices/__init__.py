"""Hardware and its stand-ins behind the same ports; knows nothing of the hub."""

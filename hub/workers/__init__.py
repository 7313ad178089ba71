"""The processes that run without the web: bench, relay, nightly."""

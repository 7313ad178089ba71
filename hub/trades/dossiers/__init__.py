"""Dossiers: a form filled in with somebody, sealed for the office, followed until the office has spoken."""

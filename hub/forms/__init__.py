"""XForms: read, answer, check and seal them; no database, no web."""

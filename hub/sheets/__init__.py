"""Papers of A4: official forms filled in, declarations, cover sheets and checklists, drawn as PDF."""

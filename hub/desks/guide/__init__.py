"""The desk of the guides: the queue, dossiers, prices."""

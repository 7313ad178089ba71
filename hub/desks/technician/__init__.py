"""The technician's desk: the box, its devices, its line out, its content."""

"""Traffic with the outside of a process: paper, sound, and the uplink."""

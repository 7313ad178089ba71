"""The queue: numbers, calls, desks."""

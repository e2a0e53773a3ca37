"""Every parser on bytes that somebody else chose: briefly as a test, at length by `make fuzz`."""

"""`sock-tui asn`: keeping the table of autonomous systems."""

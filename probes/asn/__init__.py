"""Which autonomous system an address belongs to, and the data that says so."""

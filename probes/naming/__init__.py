"""Which name a process meant by an address: where names are learned, and whose they are."""

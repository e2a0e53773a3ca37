"""What rows are asked for: typed, parsed, matched."""

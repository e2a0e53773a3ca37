"""What may be typed behind `sock-tui`: one module a command."""

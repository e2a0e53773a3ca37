"""What `sock-tui doctor` looks at."""

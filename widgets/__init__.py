"""What is seen: widgets that are given data and post messages."""

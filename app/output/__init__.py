"""What leaves the program other than by the screen: files and lines."""

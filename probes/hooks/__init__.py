"""What is watched in the kernel and in libcs, a module for each place, and `kernel` for all."""

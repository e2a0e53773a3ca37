"""What happened: from the kernel to finished records. Nothing in here draws."""

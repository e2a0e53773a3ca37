"""What is held of root's rights, and what is done for those who have given them up."""

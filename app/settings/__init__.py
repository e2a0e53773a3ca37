"""What a person keeps from one session to the next, in files of their own."""

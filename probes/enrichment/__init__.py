"""Events made into connections: joined with who, where to, which name, what became of it."""

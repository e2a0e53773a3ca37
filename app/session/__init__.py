"""A session: captured, stored, filtered, sorted, counted."""

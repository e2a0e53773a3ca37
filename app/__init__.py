"""What it does: command line, session, filters, export, screens."""

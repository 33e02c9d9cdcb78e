"""What a chapter offers to take along: a notebook and a script."""

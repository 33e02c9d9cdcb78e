"""The source pages: one file for two languages, and what keeps them equal."""

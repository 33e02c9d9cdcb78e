"""The execution of the chapters: what is cached, and what a GPU has computed."""

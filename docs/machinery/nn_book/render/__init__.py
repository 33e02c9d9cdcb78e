"""From executed pages to the HTML that a reader sees."""

"""From the pages of both languages to a site, a zip, an EPUB and a PDF."""

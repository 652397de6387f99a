"""The site: pages for people, made here on the server; a module for each kind of page."""

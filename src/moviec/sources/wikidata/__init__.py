"""Wikidata over its query service: ids of films everywhere, titles in many languages, people, companies and money."""

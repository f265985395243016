"""Servers that the Lab runs as services of its own; they import nothing else of this package."""

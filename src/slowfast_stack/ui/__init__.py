"""Terminal output: console, live displays, tables."""

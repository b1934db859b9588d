"""What people see: console, live displays, tables."""

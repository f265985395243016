"""What stands in for the parts of the Lab until they are built. Nothing heavy is imported here."""

"""What the Lab remembers beyond its own life: one file or database, one writer."""

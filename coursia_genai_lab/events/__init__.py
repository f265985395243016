"""Changes of the Lab on Jupyter's event bus."""

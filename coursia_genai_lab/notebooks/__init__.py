"""What is written into notebook files."""

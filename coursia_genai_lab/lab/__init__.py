"""The one owner of service state."""

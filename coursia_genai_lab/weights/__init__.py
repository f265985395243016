"""Model files on this machine: which are here, how the others come, whether they are right."""

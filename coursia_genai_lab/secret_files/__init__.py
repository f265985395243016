"""The operator's secrets: two private files of lines NAME=value, read anew when they change.

secret.py        a text that shows itself only when asked by name
private_file.py  opens a file that nobody else can read or put there, and reads it whole
lines.py         NAME=value lines: what they say, and how one is changed without the others
folder.py        what the folder holds at this moment; the last good values while a file is broken
editing.py       sets and removes a secret in one step
problems.py      what can be wrong with such a file, and what helps
own_memory.py    shuts the memory of this process to others of the same user
"""

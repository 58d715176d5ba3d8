"""The commands, one a file, found by this folder."""

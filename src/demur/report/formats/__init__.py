"""The formats of lint results, one a file, found by this folder."""

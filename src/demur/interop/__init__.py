"""Readers and writers of other programs' formats: one format a file."""

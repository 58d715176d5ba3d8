"""Readers and writers of data that other programs made: one format a file."""

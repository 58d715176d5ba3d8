"""The policy file: read with positions, checked, included, compiled, laid out."""

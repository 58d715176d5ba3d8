"""New projects: a policy with its tests, cases, a system to be replaced, and the CI that gates it."""

from demur.scaffold.project import CI, KINDS, Occupied, write_project

__all__ = ["CI", "KINDS", "Occupied", "write_project"]

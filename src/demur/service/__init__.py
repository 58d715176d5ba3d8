"""What a running service holds: the guard, its policies, and what tells of its decisions.

Imports nothing but the standard library; what an option needs beyond it is imported when it is used.
"""

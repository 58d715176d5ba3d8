"""The Ibis back end: typed trees as columns of one query, over whatever engine runs it.

Unknown is SQL's NULL: CEL's errors and NULL travel alike through `&&`, `||`, `!` and every other
operation. What an engine cannot express exactly is `Unsupported` with a reason, never approximated.
"""

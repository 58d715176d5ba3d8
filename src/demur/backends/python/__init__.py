"""The Python back end: typed trees to generated Python source, compiled once; standard library only.

An expression is written in one of two ways. *Precisely*: every signal may be unknown, an error is an
`EvaluationError`, and `&&`, `||` and the macros absorb errors as CEL says. *Optimistically*: every
signal has been verified at the door, so plain Python operators serve, and whatever still goes wrong
sends the record to the precise form. Both come from one writer, so there is one meaning.
"""

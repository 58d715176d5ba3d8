"""Records as a table: one typed column a signal, whatever file or engine they come from.

A column `stage.signal` holds the value where it has the declared type, NULL elsewhere; whether it
lies within its bounds is the back end's to ask. `stage.signal?` is whether there is anything at all,
for the signals that a policy asks with `has()`. What no engine has a type for (maps, times, any
JSON) is carried as it is, or as JSON text.
"""

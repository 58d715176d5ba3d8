"""Back ends: each turns the typed tree of `demur.policy` into something that can be run or asked."""

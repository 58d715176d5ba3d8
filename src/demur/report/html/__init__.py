"""The pieces of the HTML report of a gate: a page that needs no network and runs no script."""

"""What other tools read of a policy: rules, dashboards, schemas and pages, one target a module."""

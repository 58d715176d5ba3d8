"""What a service loads: bundles, evaluators, decisions. Imports only the standard library."""

"""The harshest tests one machine can run, as a suite of its own that prints figures (docs/reliability.md)."""

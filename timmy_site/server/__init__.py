"""Daphne with bounds: what a connection may make this process hold and do before the application sees it."""

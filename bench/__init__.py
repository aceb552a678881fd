"""The project's own benchmark: a fake model, a floor to compare with, a load client, a paired run."""

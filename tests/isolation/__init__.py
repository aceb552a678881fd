"""Nothing of one business reaches another: every door, tried by everybody with the other's ids."""

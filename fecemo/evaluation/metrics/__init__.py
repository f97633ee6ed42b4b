"""Figures of predictions and clusterings, their intervals, and which of two is better."""

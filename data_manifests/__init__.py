"""Data that the package ships: published figures and what else describes data sets."""

"""Photographs: download, decode, crop; drawn faces."""

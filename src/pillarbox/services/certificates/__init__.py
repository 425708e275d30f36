"""Certificates the server makes for itself."""

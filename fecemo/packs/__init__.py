"""What is stored on disk: written safely, read as views."""

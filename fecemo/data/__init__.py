"""What is stored: data sets and their columns, layouts, manifests and receipts, written safely."""

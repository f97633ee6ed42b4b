"""Grouping embeddings by K-means, mapping them by t-SNE, and naming the groups."""

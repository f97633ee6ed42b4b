"""What vectors and groups hold beside the score: probes, factors, groups of people, other sets."""

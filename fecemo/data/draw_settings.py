"""What the draw stage draws, and where each picture stands in its folder."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DrawSettings:
    """What to draw.

    Parameters
    ----------
    seed : int
        Of everything random. A picture depends on the seed and its own number alone.
    source_faces : int
        Unlabelled faces, in photographs of several.
    faces_per_photograph : tuple of int
        Fewest and most faces of one photograph.
    target_faces_per_class : int
        Labelled faces of each of the eight emotions.
    face_size : int
        Side of a labelled face in pixels.
    photograph_width, photograph_height : int
        In pixels.
    url_prefix : str
        What the addresses of the photographs begin with; a server for them shows the folder ``out`` there.
    dead_links : int
        Faces listed, beyond ``source_faces``, whose photograph does not exist. Where there are any, one more is listed
        whose photograph is damaged.
    triplets : int
        Rows of ``triplets.csv``.
    test_faces, test_triplets : int
        Faces beside ``source_faces``, in photographs of their own, and rows of ``triplet_test.csv``, which asks about
        them alone.
    workers : int, optional
        Processes that draw at once; by default one a core. What is drawn does not depend on it.
    """

    seed: int = 0
    source_faces: int = 2400
    faces_per_photograph: tuple[int, int] = (1, 4)
    target_faces_per_class: int = 200
    face_size: int = 200
    photograph_width: int = 480
    photograph_height: int = 360
    url_prefix: str = "http://127.0.0.1:18765/"
    dead_links: int = 5
    triplets: int = 1000
    test_faces: int = 0
    test_triplets: int = 0
    workers: int | None = None

    def __post_init__(self) -> None:
        fewest, most = self.faces_per_photograph
        if not 1 <= fewest <= most or most * 48 > self.photograph_width:
            raise ValueError(
                f"faces_per_photograph is {fewest} to {most}: expected at least 1, and at most one for every 48 "
                f"of photograph_width's {self.photograph_width} pixels"
            )
        for name, least in (("seed", 0), ("source_faces", 0), ("target_faces_per_class", 0), ("face_size", 16),
                            ("photograph_height", 64), ("dead_links", 0), ("triplets", 0),
                            ("test_faces", 0), ("test_triplets", 0)):
            if not getattr(self, name) >= least:
                raise ValueError(f"{name} must be at least {least}, not {getattr(self, name)}")
        if not self.seed < 1 << 32:
            raise ValueError(f"seed must be below 2^32, not {self.seed}")
        if (self.test_faces or self.test_triplets) and (self.test_faces < 3 or not self.test_triplets):
            raise ValueError(f"test_faces is {self.test_faces} and test_triplets {self.test_triplets}: "
                             "expected three faces at least and a triplet, or none of either")
        if self.workers is not None and self.workers < 1:
            raise ValueError(f"workers must be at least 1, not {self.workers}")

    def photograph_url(self, number: int) -> str:
        """Return the address of a photograph."""
        return f"{self.url_prefix.rstrip('/')}/{photograph_path(number)}"


def photograph_path(number: int) -> str:
    """Return where a photograph stands in the output folder."""
    return f"photographs/photograph_{number:05d}.jpg"


def target_path(emotion: str, number: int) -> str:
    """Return where a labelled face stands in the output folder."""
    return f"target/{emotion}/face_{number:05d}.jpg"

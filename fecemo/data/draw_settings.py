"""What the draw stage draws, and where each picture is in its folder."""

from dataclasses import dataclass

FACES_NAME, TRIPLETS_NAME, PARAMETERS_NAME = "faces.csv", "triplets.csv", "parameters.csv"
"""The list of unlabelled faces; that of their rated triplets; and the true parameters of every face."""
PHOTOGRAPHS_FOLDER, LABELLED_FOLDER = "photographs", "labelled"


@dataclass(frozen=True)
class DrawSettings:
    """What to draw: unlabelled faces in photographs, or labelled faces."""

    seed: int = 0  #: Of everything random. A picture depends on the seed and its own number alone.
    faces: int = 0  #: Unlabelled faces, in photographs of several.
    faces_per_photograph: tuple[int, int] = (1, 4)  #: Fewest and most faces of one photograph.
    faces_per_class: int = 0  #: Labelled faces of each of the eight emotions, in the place of unlabelled ones.
    face_size: int = 200  #: Side of a labelled face in pixels.
    photograph_width: int = 480  #: In pixels.
    photograph_height: int = 360  #: In pixels.
    #: What the addresses of the photographs begin with; a server for them shows the folder ``out`` there.
    url_prefix: str = "http://127.0.0.1:18765/"
    #: Faces listed, beyond ``faces``, whose photograph does not exist. Where there are any, one more is listed whose
    #: photograph is damaged.
    dead_links: int = 5
    #: Triplets of the unlabelled faces with simulated raters. Where there are any, the data set is of the faces that
    #: they ask about.
    triplets: int = 0
    #: Processes that draw at once; by default one a core. What is drawn does not depend on it.
    workers: int | None = None

    def __post_init__(self) -> None:
        min_faces, max_faces = self.faces_per_photograph
        if not 1 <= min_faces <= max_faces or max_faces * 48 > self.photograph_width:
            raise ValueError(
                f"faces_per_photograph is {min_faces} to {max_faces}: expected at least 1, and at most one for every "
                f"48 of photograph_width's {self.photograph_width} pixels"
            )
        for name, minimum in (("seed", 0), ("faces", 0), ("faces_per_class", 0), ("face_size", 16),
                            ("photograph_height", 64), ("dead_links", 0), ("triplets", 0)):
            if not getattr(self, name) >= minimum:
                raise ValueError(f"{name} must be at least {minimum}, not {getattr(self, name)}")
        if not self.seed < 1 << 32:
            raise ValueError(f"seed must be below 2^32, not {self.seed}")
        if (self.faces > 0) == (self.faces_per_class > 0):
            raise ValueError(f"faces is {self.faces} and faces_per_class {self.faces_per_class}: expected one of them "
                             "above 0, unlabelled faces or labelled ones")
        if self.triplets and self.faces < 3:
            raise ValueError(f"triplets is {self.triplets} and faces {self.faces}: expected at least 3 faces")
        if self.workers is not None and self.workers < 1:
            raise ValueError(f"workers must be at least 1, not {self.workers}")

    def photograph_url(self, number: int) -> str:
        """Return the address of a photograph."""
        return f"{self.url_prefix.rstrip('/')}/{photograph_path(number)}"


def photograph_path(number: int) -> str:
    """Return where a photograph is in the output folder."""
    return f"{PHOTOGRAPHS_FOLDER}/photograph_{number:05d}.jpg"


def labelled_path(emotion: str, number: int) -> str:
    """Return where a labelled face is in the output folder."""
    return f"{LABELLED_FOLDER}/{emotion}/face_{number:05d}.jpg"

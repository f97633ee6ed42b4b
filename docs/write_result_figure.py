"""Draw ``result.svg``: the ten rows of the first table of ``real_faces.md``, from the record beside it.

python docs/write_result_figure.py
"""

import json
from pathlib import Path

from matplotlib import pyplot as plt

DOCS = Path(__file__).parent
GROUPS = {
    # What the model was given, and the rows of the record with their titles.
    "faces": {"dense_autoencoder/gray": "Stacked autoencoder (the study)",
              "conv_autoencoder/gray": "Convolutional autoencoder (the study)",
              "symmetric_hog/gray": "Symmetric HOG"},
    "faces, eye positions": {"symmetric_hog/aligned": "Symmetric HOG, aligned"},
    "faces, a landmark model": {"landmarks_gradients/gray": "Landmark features with gradients"},
    "… and similarity ratings": {"triplet_landmarks/gray": "Triplet embedding"},
    "20 % of the labels": {"semi_supervised/gray": "Semi-supervised (the study)"},
    "… landmarks and ratings": {"triplet_classifier/gray": "Triplet encoder, fine-tuned"},
    "all labels": {"supervised/gray": "Supervised CNN (the study)", "small_resnet/gray": "Small residual network"},
}
CLUSTERS, CLASSIFIER = "100 labels_per_cluster", "own"
COLOURS = {CLUSTERS: "#3b6fd4", CLASSIFIER: "#d9822b"}


def draw() -> None:
    """Write the figure."""
    record = json.loads((DOCS / "real_faces.json").read_text(encoding="utf-8"))
    rows = [(group, title, record["rows"][key]["answers"]) for group, titles in GROUPS.items()
            for key, title in titles.items()]
    plt.switch_backend("svg")
    plt.rcParams.update({"svg.hashsalt": "fecemo", "font.size": 9, "svg.fonttype": "none"})
    figure, axes = plt.subplots(figsize=(7.6, 3.6))
    for place, (_, _, answers) in enumerate(rows):
        way = CLASSIFIER if CLASSIFIER in answers else CLUSTERS
        figures = answers[way]
        axes.plot([figures["low"], figures["high"]], [place, place], color=COLOURS[way], alpha=0.4, linewidth=5,
                  solid_capstyle="butt")
        axes.plot(figures["mean"], place, "o", color=COLOURS[way], markersize=6)
        axes.text(figures["high"] + 0.012, place, f"{figures['mean']:.3f}".lstrip("0"), va="center")
    axes.axvline(record["chance"], color="#666666", linewidth=1, linestyle=":")
    axes.text(record["chance"], -0.85, f"chance {record['chance']:.3f}".replace("0.", "."), ha="center",
              color="#666666", fontsize=8)
    axes.set_yticks(range(len(rows)), [title for _, title, _ in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, 1)
    axes.set_xlabel("balanced accuracy on 3,134 held-out FER+ faces; blue: 100 named clusters, orange: classifiers",
                    fontsize=8)
    axes.xaxis.set_label_coords(0.35, -0.12)
    previous = ""
    for place, (group, _, _) in enumerate(rows):
        if group != previous:
            axes.text(0.995, place, group, ha="right", va="center", fontsize=8, color="#555555")
            previous = group
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.savefig(DOCS / "result.svg", bbox_inches="tight", metadata={"Date": None}, facecolor="white")


if __name__ == "__main__":
    draw()

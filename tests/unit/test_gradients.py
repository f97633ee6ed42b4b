"""Gradients of mouth and brows: where they are cut out, and which number stands for which edge."""

import math

import numpy as np
import pytest

from fecemo.imaging.landmarks import points
from fecemo.imaging.landmarks.features import CELL, GRADIENT_NAMES, PARTS, Part, gradients


def edge(mesh, part, x, y, angle, face_side=200):
    """Return a face that is dark but for a bright half-plane, whose edge goes through a point of a part."""
    across = mesh[points.LEFT_EYE_OUTER] - mesh[points.RIGHT_EYE_OUTER]
    side = part.share * np.hypot(*across[:2]) / (CELL * part.columns)  # of a pixel of the part
    middle = mesh[list(part.around), :2].mean(axis=0)
    at = middle + side * (np.array([x, y]) - CELL * np.array([part.columns, part.rows]) / 2)
    rows, columns = np.mgrid[:face_side, :face_side]
    beyond = (columns - at[0]) * math.cos(angle) + (rows - at[1]) * math.sin(angle)
    light = 40 + 160 * np.clip(0.5 + beyond / 8, 0, 1)  # soft, since the steps of a hard edge point elsewhere
    return np.repeat(light.astype(np.uint8)[..., None], 3, axis=2)


class TestGradients:
    @pytest.fixture
    def mesh(self):
        """The mouth's part is as wide as 104 pixels around (100, 140), that of the brows as wide as 120."""
        mesh = np.zeros((points.N_LANDMARKS, 3))
        mesh[points.RIGHT_EYE_OUTER, :2], mesh[points.LEFT_EYE_OUTER, :2] = (60, 70), (140, 70)
        mesh[points.RIGHT_BROW, :2], mesh[points.LEFT_BROW, :2] = (70, 50), (130, 50)
        mesh[points.RIGHT_MOUTH_CORNER, :2], mesh[points.LEFT_MOUTH_CORNER, :2] = (75, 140), (125, 140)
        return mesh

    def test_a_part_is_cut_around_its_landmarks(self, mesh):
        face = np.zeros((200, 200, 3), np.uint8)
        face[138:143, 98:103] = 255
        cut = PARTS["mouth"].cut(face, mesh)
        assert cut.shape == (48, 48)
        np.testing.assert_allclose(np.array(np.nonzero(cut > 128)).mean(axis=1), 23.5, atol=0.5)
        assert PARTS["brows"].cut(face, mesh).shape == (32, 48)

    @pytest.mark.parametrize(("part", "column", "row"), [("mouth", 3, 1), ("mouth", 2, 2), ("brows", 1, 2)])
    @pytest.mark.parametrize(("angle", "named"), [(0.4, 22), (math.pi / 2 + 0.4, 112), (math.pi + 0.4, 202)])
    def test_an_edge_is_found_in_its_cell_and_direction(self, mesh, part, column, row, angle, named):
        face = edge(mesh, PARTS[part], CELL * (column - 0.5), CELL * (row - 0.5), angle)
        result = dict(zip(GRADIENT_NAMES, gradients(face, mesh), strict=True))
        block = (min(column, PARTS[part].columns - 1), min(row, PARTS[part].rows - 1))
        cell = f"{part}: block {block[0]} {block[1]}, cell {column - block[0] + 1} {row - block[1] + 1}, "
        of_cell = {name: value for name, value in result.items() if name.startswith(cell)}
        assert len(of_cell) == 8
        assert max(of_cell, key=of_cell.get) == f"{cell}{named}°"
        assert max(of_cell.values()) > 0.4

    def test_light_and_contrast_do_not_matter_and_a_tilt_is_undone(self, mesh):
        face = edge(mesh, PARTS["mouth"], 40, 20, 0.4)
        dim = (face // 4 + 30).astype(np.uint8)
        assert np.corrcoef(gradients(dim, mesh), gradients(face, mesh))[0, 1] > 0.97
        turned_face = np.ascontiguousarray(np.rot90(face))
        turned_mesh = mesh.copy()
        turned_mesh[:, 0], turned_mesh[:, 1] = mesh[:, 1], 199 - mesh[:, 0]
        assert np.corrcoef(gradients(turned_face, turned_mesh), gradients(face, mesh))[0, 1] > 0.97
        assert np.corrcoef(gradients(turned_face, mesh), gradients(face, mesh))[0, 1] < 0.5

    def test_a_lost_mesh_is_no_fault(self):
        lost = gradients(np.full((200, 200, 3), 9, np.uint8), np.zeros((points.N_LANDMARKS, 3)))
        assert (lost == 0).all()

    def test_names_are_of_blocks_that_share_cells(self):
        names = Part((0,), 1.0, rows=2, columns=3).names
        assert len(names) == 64
        assert names[0] == "block 1 1, cell 1 1, 22°"
        assert names[8] == "block 1 1, cell 1 2, 22°"
        assert names[16] == "block 1 1, cell 2 1, 22°"
        assert names[32] == "block 2 1, cell 1 1, 22°"

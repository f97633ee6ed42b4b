"""Typical mistakes in a recipe: each refused with the file, the key, what was expected and the nearest name."""

from pathlib import Path

import pytest

from fecemo.errors import InputError
from fecemo.study.recipe_file import read_recipe

DEMO = Path(__file__).parents[2] / "pipelines" / "recipes" / "demo.yaml"


@pytest.mark.parametrize(("old", "new", "message"), [
    ("epochs: 16}", "epochs: -1}", "approaches.supervised.fit.classify: epochs must be above 0, not -1"),
    ("seed: 2023", "variants: gray\nseed: 2023", "variants: expected a list, such as [gray], got 'gray'"),
    ("seed: 2023", "variants: [grey]\nseed: 2023", "variants: there is no variant 'grey': did you mean 'gray'?"),
    ("classify: {loss: cross_entropy, optimizer: adam, learning_rate: 3.0e-4, epochs: 16}",
     "train: {loss: cross_entropy, optimizer: adam, learning_rate: 3.0e-4, epochs: 16}",
     "approaches.supervised.fit: supervised has no phase 'train': Known: classify"),
    ("{draw: {seed: 1, faces: 1600}}", "{drew: {seed: 1, faces: 1600}}",
     "datasets.drawn_photographs: unknown key 'drew', did you mean 'draw'?"),
    ("{draw: {seed: 1, faces: 1600}}", "{draw: {seed: 1, face: 1600}}",
     "datasets.drawn_photographs.draw: unknown key 'face', did you mean 'faces'?"),
    ("{draw: {seed: 1, faces: 1600}}", "{draw: {seed: 1}}",
     "faces is 0 and faces_per_class 0: expected one of them above 0, unlabelled faces or labelled ones"),
    ("{draw: {seed: 1, faces: 1600}}", "{import: {images: x, layout: class_folder}}",
     "datasets.drawn_photographs.import: there is no layout 'class_folder': did you mean 'class_folders'?"),
    ("target: drawn_emotions", "target: drawn_emotion",
     "roles.target: there is no data set 'drawn_emotion': did you mean 'drawn_emotions'?"),
    ("target: drawn_emotions", "traget: drawn_emotions", "unknown key 'roles.traget', did you mean 'target'?"),
    ("source: drawn_photographs, target: drawn_emotions", "source: drawn_emotions, target: drawn_photographs",
     "roles.target: drawn_photographs has no labels, so that nothing could be scored; leave the role out"),
    ("source: drawn_photographs", "source: drawn_emotions",
     "roles: 'drawn_emotions' has two of them; give each role a data set of its own"),
    ("source: drawn_photographs, ", "", "dense_autoencoder.fit.reconstruct.data: the recipe gives no data set the role "
     "'source': add source: NAME to its roles"),
    ("roles: {", "source: drawn_photographs\nroles: {", "unknown key 'source', Known: "),
    ("  supervised:\n", "  superviced:\n", "approaches.superviced: there is no approach 'superviced': did you mean "),
    ("score_on: test", "score_on: tests", "approaches.supervised.score_on: Input should be 'test' or 'unused_labels'"),
    ("score_on: test", "scored_on: test",
     "unknown key 'approaches.supervised.scored_on', did you mean 'score_on'?"),
    ("    score_on: test\n", "    score_on: test\n    variants: [grey]\n",
     "approaches.supervised.variants: no variant 'grey' in this recipe: did you mean "),
    ("    score_on: test\n", "    score_on: test\n    overrides: {grey: {}}\n",
     "approaches.supervised.overrides: no variant 'grey' in this recipe: did you mean "),
    ("optimizer: adam, learning_rate: 3.0e-4, epochs: 16", "optimizer: adamm, learning_rate: 3.0e-4, epochs: 16",
     "approaches.supervised.fit.classify.optimizer: there is no optimizer 'adamm': did you mean 'adam"),
    ("n_clusters: 8", "n_clusters: 1", "clustering: n_clusters must be at least 2, not 1"),
    ("title: ", "titel: ", "did you mean 'title'?"),
    ("name: demo", "name: ../../../evil_run", "name: '../../../evil_run' is no name: expected letters, digits, _,"),
    ("name: demo", "name: .hidden", "name: '.hidden' is no name"),
    ("name: demo", 'name: "demo\\n"', r"name: 'demo\n' is no name"),
    ("  supervised:\n", "  ../../../../outside:\n    approach: supervised\n",
     "approaches: '../../../../outside' is no name: expected letters"),
    ("  supervised:\n", "  '':\n    approach: supervised\n", "approaches: '' is no name"),
    ("  supervised:\n", "  <script>x:\n    approach: supervised\n", "approaches: '<script>x' is no name"),
    ("seed: 20231203", "published: ../../../etc/passwd\nseed: 1",
     "published: there is no table '../../../etc/passwd': Known: networks, table1, table2"),
    ("seed: 20231203", "seed: true", "seed: expected a number, got true"),
    ("n_init: 10", "n_init: yes", "clustering.n_init: expected a number, got true"),
    ("learning_rate: 3.0e-4, epochs: 16", "learning_rate: on, epochs: 16",
     "approaches.supervised.fit.classify: learning_rate: expected a number, got true"),
    ("sample: 200", "sample: 200, class_balanced: 1", "naming.class_balanced: expected true or false, got 1"),
    ("sample: 200", "sample: 200, drawn: emotions",
     "naming.drawn: 'emotions' is no data set of the recipe: did you mean 'drawn_emotions'?"),
    ("sample: 200", "sample: 200, drawn: drawn_photographs",
     "naming.drawn: drawn_photographs holds faces without labels; expected drawn, labelled faces"),
    ("naming: {method: majority_vote", "naming: {method: drawn_faces", "naming.drawn: '' is no data set of the recipe"),
    ("seed: 2023", "seed: -1", "a seed is from 0 to 4294967295, not -1"),
    ("seed: 2023", "seed: 4294967296", "a seed is from 0 to 4294967295, not 4294967296"),
    ("seed: 2023", "seeds: [-1]\nseed: 2023", "a seed is from 0 to 4294967295, not -1"),
    ("test_fraction: 0.25", "test_fraction: .nan", ".nan is no finite number"),
    ("learning_rate: 3.0e-4, epochs: 16", "learning_rate: .inf, epochs: 16", ".inf is no finite number"),
    ("bootstrap: 1000,", "bootstrap: 30000000,",
     "bootstrap must be from 1 to 100000, not 30000000"),
])
def test_a_mistake_is_refused_in_one_line(tmp_path, old, new, message):
    text = DEMO.read_text()
    assert old in text
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(text.replace(old, new))
    with pytest.raises(InputError) as refused:
        read_recipe(recipe)
    words = str(refused.value)
    assert words.startswith(str(recipe))
    assert message in words
    assert "\n" not in words

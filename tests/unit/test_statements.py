"""What is known of data sets: the statements that come with fecemo, and a user's own."""

import pytest

from fecemo.data.manifests import read_statement, shipped
from fecemo.errors import InputError


@pytest.mark.parametrize("name", sorted(path.stem for path in shipped("sets").glob("*.yaml")))
def test_every_statement_that_is_shipped_can_be_read(name):
    statement = read_statement(name)
    assert statement.name
    assert statement.origin
    assert statement.people


def test_a_statement_of_ones_own(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: My album\npeople: my family, who were asked\n")
    statement = read_statement(str(path))
    assert (statement.name, statement.people, statement.licence) == ("My album", "my family, who were asked", "")


def test_what_is_no_statement_is_refused(tmp_path):
    with pytest.raises(InputError, match="did you mean 'affectnet'"):
        read_statement("afectnet")
    path = tmp_path / "mine.yaml"
    path.write_text("name: My album\nlicense: none\n")
    with pytest.raises(InputError, match="did you mean 'licence'"):
        read_statement(str(path))
    with pytest.raises(InputError, match="there is no such file"):
        read_statement(str(tmp_path / "none.yaml"))
